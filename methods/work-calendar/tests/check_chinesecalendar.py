"""Compares every day of 2004 to 2026 with PyPI chinesecalendar: check_chinesecalendar.py path/to/linli

Run by an interpreter that has chinesecalendar. Without it: skipped, or an error if LINLI_REQUIRE_ORACLES is set.
"""
import datetime
import json
import os
import subprocess
import sys

try:
    import chinese_calendar
except ImportError:
    required = bool(os.environ.get("LINLI_REQUIRE_ORACLES"))
    print("check_chinesecalendar:", "chinesecalendar is not installed" if required else "skipped (chinesecalendar is not installed)")
    sys.exit(1 if required else 0)

FIRST, LAST = datetime.date(2004, 1, 1), datetime.date(2026, 12, 31)
command = [sys.argv[1], "calendar", "days", str(FIRST), str(LAST), "--json"]
ours = {day["date"]: day["working"] for day in json.loads(subprocess.run(command, check=True, capture_output=True).stdout)}
days = [FIRST + datetime.timedelta(n) for n in range((LAST - FIRST).days + 1)]
wrong = [day for day in days if ours.get(str(day)) is not chinese_calendar.is_workday(day)]
for day in wrong:
    print(f"  {day}: linli {ours.get(str(day))}, chinesecalendar {chinese_calendar.is_workday(day)}")
if wrong or len(ours) != len(days):
    sys.exit(f"check_chinesecalendar: FAILED, {len(wrong)} of {len(days)} days differ")
print(f"check_chinesecalendar: passed, all {len(days)} days from {FIRST} to {LAST} are equal")
