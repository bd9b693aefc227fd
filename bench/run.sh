#!/bin/sh
# What Linli costs at scale: seeds, serves and loads it on both engines, and writes bench/RESULTS.md.
#   bench/run.sh [--methods-only]
# LINLI_BENCH_DIR   where seeded directories are kept and found again (default var/bench: about 15 GB at 1,000,000 cases)
# LINLI_BENCH_CASES numbers of cases, each a multiple of 100000 (default "100000 1000000"; "100000" takes some minutes)
# LINLI_BENCH_REQUESTS requests of each kind and number of connections (default 4000)
# LINLI_ORACLE_PYTHON a Python with pabutools, reddwarf and the like: then the methods are measured beside them
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
dir=${LINLI_BENCH_DIR:-$root/var/bench}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
requests=${LINLI_BENCH_REQUESTS:-4000}
cd "$root"
target=${CARGO_TARGET_DIR:-$root/target}

# Each method's own measurement: CPU seconds and memory, beside independent programs where they are installed.
methods() {
    # text-routing looks for scikit-learn under a name of its own.
    if [ -n "${LINLI_ORACLE_PYTHON:-}" ]; then export PYTHON="$LINLI_ORACLE_PYTHON"; fi
    for file in methods/*/examples/bench.rs; do
        crate=$(basename "$(dirname "$(dirname "$file")")")
        printf '\n### %s\n\n```text\n' "$crate"
        cargo run --quiet --release -p "$crate" --example bench 2>&1 || echo "(failed)"
        printf '```\n'
    done
}

if [ "${1:-}" = --methods-only ]; then methods; exit; fi

cargo build --quiet --release -p linli -p linli-bench
linli=$target/release/linli
bench=$target/release/linli-bench
lines=$dir/lines.jsonl
: >"$lines"

seed() { # CASES: a directory with so many, made once
    [ ! -e "$dir/$1/done" ] || return 0
    rm -rf "${dir:?}/$1"
    if [ "$1" -le 100000 ]; then
        "$linli" bench-seed --data "$dir/$1" --cases "$1"
    else
        seed 100000
        cp -r "$dir/100000" "$dir/$1"
        rm "$dir/$1/done"
        "$bench" multiply --data "$dir/$1" --times $(($1 / 100000))
    fi
    touch "$dir/$1/done"
}

for cases in ${LINLI_BENCH_CASES:-100000 1000000}; do
    seed "$cases"
    # What is measured writes: it gets a copy.
    rm -rf "$dir/now"
    cp -r "$dir/$cases" "$dir/now"
    "$bench" drive --linli "$linli" --data "$dir/now" --cases "$cases" --requests "$requests" --out "$lines"
    rm -rf "$dir/now/linli.db"*

    # On one machine they meet at a socket, which lies in the cluster's own directory: a path without spaces.
    url=$(PG_SET="-c shared_buffers=1GB -c max_wal_size=8GB -c unix_socket_directories=$dir/postgres/pg" ci/postgres.sh start "$dir/postgres") \
        || { echo "PostgreSQL is not here: left out" >&2; continue; }
    url=$(echo "$url" | sed "s|@127.0.0.1|@$(echo "$dir/postgres/pg" | sed 's|/|%2F|g')|")
    "$linli" serve --data "$dir/now" --database "$url" --listen 127.0.0.1:0 >/dev/null &
    first=$!
    sleep 5 # the schema is made at the first start
    kill "$first"
    wait "$first" || true
    "$bench" to-pg --data "$dir/$cases" --database "$url"
    "$bench" drive --linli "$linli" --data "$dir/now" --database "$url" --postgres "$(head -n 1 "$dir/postgres/pg/postmaster.pid")" \
        --cases "$cases" --requests $((requests / 2)) --out "$lines" || echo "PostgreSQL: not all was measured" >&2
    ci/postgres.sh stop "$dir/postgres"
done

{
    cat bench/ABOUT.md
    printf '\nMachine: %s, %s processors, %s MB of memory; %s. Date: %s. Commit: %s.\n\n' \
        "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
        "$(awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo)" "$(uname -sr)" "$(date +%F)" "$(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
    cat bench/MISSED.md
    "$bench" table "$lines"
    printf '## The methods\n'
    methods
} >bench/RESULTS.md.new
mv bench/RESULTS.md.new bench/RESULTS.md
