"""Generated API cases: schemathesis against a served demo district, by the OpenAPI document that the program gives out.

  ci/api_cases.py --bin target/debug/linli --scratch DIR --schemathesis target/venv/bin/schemathesis [--full]

For a resident and for the district's administrator with all kinds of cases, for a few others and for nobody briefly: no
answer may be a fault of the server, and every answer must be one that the document declares. Cases may do anything their
token may do; the district is thrown away, after `linli verify` has folded its acts.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kills import Server, verify  # noqa: E402

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
FULL = ("resident", "district_admin")
# The rest is asked by the suite, route by route and role by role; here only whether anything breaks.
BRIEF = ("worker", "supervisor", "nobody")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--bin", required=True)
    p.add_argument("--scratch", required=True)
    p.add_argument("--schemathesis", required=True)
    p.add_argument("--full", action="store_true")
    a = p.parse_args()
    scratch = os.path.abspath(a.scratch)
    os.makedirs(scratch, exist_ok=True)
    data = os.path.join(scratch, "api")
    where = ["--data", data]
    binary = os.path.abspath(a.bin)
    subprocess.run([binary, "demo", *where, "--scale", "hall", "--quiet"], check=True, timeout=300)
    with open(os.path.join(data, "demo-accounts.json")) as f:
        accounts = json.load(f)
    passed = failed = 0
    log = open(os.path.join(scratch, "api.log"), "ab")
    server = Server(binary, where, log)
    try:
        for role in [*accounts, "nobody"] if a.full else [*FULL, *BRIEF]:
            full = a.full or role in FULL
            seconds = 120 if a.full else 25 if full else 12
            phases = "coverage,fuzzing" if full else "fuzzing"
            start = time.monotonic()
            # One worker: the parser of Python 3.11, which the tool calls for its messages, fails when two threads use it at once.
            command = [
                os.path.abspath(a.schemathesis), "run", f"http://127.0.0.1:{server.port}/api/v1/openapi.json", "--checks", CHECKS, "--phases", phases,
                "--max-time", str(seconds), "--max-examples", "200" if a.full else "15" if full else "3", "--no-shrink", "--suppress-health-check", "all",
                "--warnings", "off", "--workers", "1", "--seed", "7", "--continue-on-failure",
            ]
            if role != "nobody":
                command += ["-H", f"Authorization: Bearer {accounts[role]['api_token']}"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds * 6 + 60, cwd=scratch)
            cases = re.search(r"(\d+) generated", done.stdout)
            ok = done.returncode == 0 and cases and int(cases[1]) > 0
            print(f"{role}: {cases[1] if cases else 0} cases, {'ok' if ok else 'FAILED'}, {time.monotonic() - start:.0f} s", flush=True)
            passed, failed = passed + bool(ok), failed + (not ok)
            if not ok:
                print(done.stdout[-6000:], done.stderr[-2000:])
        server.stop()
        print(verify(binary, where))
        passed += 1
    finally:
        if server.process.poll() is None:
            server.kill()
        shutil.rmtree(data, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
