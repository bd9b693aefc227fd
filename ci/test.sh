#!/usr/bin/env bash
# Everything CI runs, step by step: each is timed and quiet; a step's words are in target/ci/STEP.log and shown when it fails.
# Later steps run even if an earlier one failed, so that one run tells all. STEPS="lint tests" runs only these; SOAK=1 in full.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_INCREMENTAL=0 CARGO_TERM_COLOR=never NO_COLOR=1 CI=1
export LINLI_REQUIRE_ORACLES=1
root=$PWD logs=$PWD/target/ci linli=$PWD/target/debug/linli venv=$PWD/target/venv
rm -rf "$logs" && mkdir -p "$logs"
export LINLI_SQL_HITS=$logs/sql
scratch=$(mktemp -d)
chmod 755 "$scratch"
# What a test leaves behind goes with it.
export TMPDIR=$scratch
passed=0 failed=0 began=$SECONDS

pg=
end() {
    if [ -n "$pg" ]; then "$root/ci/postgres.sh" stop "$scratch" || true; fi
    rm -rf "$scratch"
}
trap end EXIT
trap 'exit 130' INT TERM

# Passed and failed tests that the runners name in a log: cargo's, node's and our own last lines.
tally() {
    awk '/^test result:/ { for (i = 1; i < NF; i++) { if ($(i + 1) == "passed;") p += $i; if ($(i + 1) == "failed;") f += $i } }
        /^(#|ℹ) pass / { p += $3 } /^(#|ℹ) fail / { f += $3 }
        /^[0-9]+ passed, [0-9]+ failed$/ { p += $1; f += $3 }
        END { print p + 0, f + 0 }' "$1"
}

step() {
    local name=$1 start=$SECONDS p f code=0
    shift
    case " ${STEPS:-$name} " in *" $name "*) ;; *) return 0 ;; esac
    printf '%-12s' "$name"
    # Not `if "$@"`: that would let a function go on after a failed command.
    set +e
    (set -e; "$@") >"$logs/$name.log" 2>&1
    code=$?
    set -e
    read -r p f <<<"$(tally "$logs/$name.log")"
    # A step without tests of its own is one; a step that fails has failed at least once.
    if [ $code -eq 0 ]; then [ $((p + f)) -gt 0 ] || p=1; else [ "$f" -gt 0 ] || f=1; fi
    passed=$((passed + p)) failed=$((failed + f))
    if [ $code -eq 0 ]; then
        printf 'ok      %4d s  %5d passed\n' $((SECONDS - start)) "$p"
    else
        printf 'FAILED  %4d s  %5d passed, %d failed\n' $((SECONDS - start)) "$p" "$f"
        # What each failed test said, wherever it stands in the log, and then the end.
        { awk '/^---- .* stdout ----$/ { on = 1 } /^failures:$|^test result:/ { on = 0 } on && !/^ +([0-9]+:|at) /' "$logs/$name.log" | head -n 200
          tail -n 60 "$logs/$name.log"; } | sed 's/^/    /'
    fi
}

web() {
    (cd web && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build && npm run --silent check)
    (cd e2e && npm ci --no-audit --no-fund --loglevel=error)
}
python() {
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r ci/requirements.txt
}
lint() { cargo clippy --quiet --workspace --all-targets --locked -- -D warnings; }
tests() {
    [ -n "${LINLI_TEST_PG:-}" ] || { echo "no PostgreSQL was started"; return 1; }
    # Always the whole workspace: with one package alone other features are chosen, and half of it is built twice.
    cargo test --workspace --locked --no-fail-fast
}
oracles() {
    "$venv/bin/python" methods/work-calendar/tests/check_chinesecalendar.py "$linli"
    "$venv/bin/python" methods/geo-cn/tests/check_eviltransform.py "$linli"
    echo "2 passed, 0 failed"
}
kills() { python3 ci/kills.py --bin "$linli" --scratch "$scratch/kills" --times "${SOAK:+50}"; }
browser() { (cd e2e && LINLI_BIN=$linli node run.mjs); }
api() { python3 ci/api_cases.py --bin "$linli" --scratch "$scratch/api" --schemathesis "$venv/bin/schemathesis" ${SOAK:+--full}; }
statements() { cargo test --quiet --locked --workspace --test suite -- --ignored --exact statements::every_statement_has_run_on_both_engines; }

step web web
step python python
step format cargo fmt --all --check
step lint lint
if pg=$("$root/ci/postgres.sh" start "$scratch" 2>"$logs/postgres.log"); then export LINLI_TEST_PG=$pg; else pg=; cat "$logs/postgres.log"; fi
step tests tests
step oracles oracles
step kills kills
step api api
step browser browser
step statements statements
printf '%s s in all\n%d passed, %d failed\n' $((SECONDS - began)) "$passed" "$failed"
[ "$failed" -eq 0 ]
