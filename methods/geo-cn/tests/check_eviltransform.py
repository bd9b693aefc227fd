"""Compares conversions and distances with PyPI eviltransform: check_eviltransform.py path/to/linli

Run by an interpreter that has eviltransform. Without it: skipped, or an error if LINLI_REQUIRE_ORACLES is set.
Forward shifts and the published one-step inverses must be equal within 0.1 m. The exact inverse is judged by eviltransform's
own forward shift, which must bring its result back within 0.1 m, and by gcj2wgs_exact where that has found an answer: it
stops within 1e-6 degrees of the point (0.16 m), and at a few points does not get there.
"""
import csv
import io
import math
import os
import random
import subprocess
import sys
import tempfile

try:
    import eviltransform as evil
except ImportError:
    required = bool(os.environ.get("LINLI_REQUIRE_ORACLES"))
    print("check_eviltransform:", "eviltransform is not installed" if required else "skipped (eviltransform is not installed)")
    sys.exit(1 if required else 0)

LIMIT = 0.1
linli = sys.argv[1]
rng = random.Random(20260701)
# Over the whole box and, more densely, over one city.
points = [(rng.uniform(1, 55.5), rng.uniform(72.5, 137.5)) for _ in range(10000)]
points += [(rng.uniform(30.7, 31.9), rng.uniform(120.8, 122.0)) for _ in range(10000)]
points += [(rng.uniform(-80, 80), rng.uniform(-179, 70)) for _ in range(100)]


def convert(source, target, given, *options):
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("lng,lat\n" + "".join(f"{lng!r},{lat!r}\n" for lat, lng in given))
        file.flush()
        command = [linli, "geo", "convert", "--from", source, "--to", target, "--csv", file.name, *options]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [(float(row["lat"]), float(row["lng"])) for row in csv.DictReader(io.StringIO(printed))]
    assert len(rows) == len(given), f"{len(rows)} rows for {len(given)} points"
    return rows


def metres(a, b):
    north = math.radians(a[0] - b[0])
    east = math.radians(a[1] - b[1]) * math.cos(math.radians(a[0]))
    return 6378137 * math.hypot(north, east)


failed = False


def judge(what, ours, theirs, limit=LIMIT):
    global failed
    worst = max(metres(a, b) for a, b in zip(ours, theirs))
    failed |= not worst <= limit
    print(f"  {what}: {len(ours)} points, largest difference {worst:.6f} m (limit {limit} m)")


gcj = convert("wgs84", "gcj02", points)
judge("wgs84 to gcj02 = wgs2gcj", gcj, [evil.wgs2gcj(*p) for p in points])
judge("gcj02 to bd09 = gcj2bd", convert("gcj02", "bd09", points), [evil.gcj2bd(*p) for p in points])
judge("wgs84 to bd09 = wgs2bd", convert("wgs84", "bd09", points), [evil.wgs2bd(*p) for p in points])
judge("gcj02 to wgs84, one step = gcj2wgs", convert("gcj02", "wgs84", points, "--one-step"), [evil.gcj2wgs(*p) for p in points])
judge("bd09 to gcj02, one step = bd2gcj", convert("bd09", "gcj02", points, "--one-step"), [evil.bd2gcj(*p) for p in points])
judge("bd09 to wgs84, one step = bd2wgs", convert("bd09", "wgs84", points, "--one-step"), [evil.bd2wgs(*p) for p in points])

back = convert("gcj02", "wgs84", points)
judge("gcj02 to wgs84, then wgs2gcj = where it began", [evil.wgs2gcj(*p) for p in back], points)
exact = [evil.gcj2wgs_exact(*p) for p in points]
found = [(ours, theirs) for ours, theirs, p in zip(back, exact, points) if metres(evil.wgs2gcj(*theirs), p) <= 0.16]
assert len(found) > 0.95 * len(points), f"gcj2wgs_exact finds only {len(found)} of {len(points)} points"
judge("gcj02 to wgs84 = gcj2wgs_exact", *zip(*found), LIMIT + 0.16)
judge("bd09 to gcj02, then gcj2bd = where it began", [evil.gcj2bd(*p) for p in convert("bd09", "gcj02", points)], points)
judge("wgs84 to gcj02 and back = where it began", convert("gcj02", "wgs84", gcj), points)
worst = 0
for (a, b) in zip(points[:40], points[10000:10040]):
    command = [linli, "geo", "distance", "--sphere", f"{a[1]!r},{a[0]!r}", f"{b[1]!r},{b[0]!r}"]
    worst = max(worst, abs(float(subprocess.run(command, check=True, capture_output=True).stdout) - evil.distance(*a, *b)))
print(f"  spherical distance = distance: 40 pairs, largest difference {worst:.6f} m (limit {LIMIT} m)")
if failed or worst > LIMIT:
    sys.exit("check_eviltransform: FAILED")
print(f"check_eviltransform: passed, {len(points)} points equal within {LIMIT} m")
