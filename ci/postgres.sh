#!/bin/sh
# A throw-away PostgreSQL for the tests, as durable as in production (fsync on), reachable from this machine only.
#   ci/postgres.sh start DIR   makes a cluster in DIR/pg, starts it and prints its address
#   ci/postgres.sh stop DIR    stops that cluster, by its own process id, and removes it
# PG_BIN names the directory of the programs where they are not in Debian's place; PG_SET adds settings for a
# comparison, e.g. PG_SET="-c fsync=off".
set -eu

usage() { echo "usage: ci/postgres.sh start|stop DIR" >&2; exit 2; }
[ $# -eq 2 ] || usage
mkdir -p "$2"
dir=$(cd "$2" && pwd)/pg

# PostgreSQL refuses to run as root.
as_owner() {
    if [ "$(id -u)" -eq 0 ]; then setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"; else "$@"; fi
}

free_port() {
    while :; do
        port=$(awk -v s="$(od -An -N4 -tu4 /dev/urandom)" 'BEGIN { srand(s); print 20000 + int(rand() * 12000) }')
        "$bin/pg_isready" -q -t 1 -h 127.0.0.1 -p "$port" && continue
        [ $? -eq 2 ] && break # 2: nobody answers there
    done
    echo "$port"
}

start() {
    bin=${PG_BIN:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)}
    [ -x "$bin/initdb" ] || { echo "no initdb: install PostgreSQL or set PG_BIN" >&2; exit 1; }
    [ ! -e "$dir" ] || { echo "$dir exists already" >&2; exit 1; }
    mkdir -m 700 "$dir"
    [ "$(id -u)" -ne 0 ] || chown postgres: "$dir"
    cd / # the server must be able to stand where it is started
    as_owner "$bin/initdb" -D "$dir" -U postgres --auth=trust --encoding=UTF8 --locale=C --no-sync >"$2.log" 2>&1 || { cat "$2.log" >&2; exit 1; }
    # A port that was free may be taken a moment later: then another one.
    for _ in 1 2 3 4 5; do
        port=$(free_port)
        # shellcheck disable=SC2086 # PG_SET is a list of words
        if as_owner "$bin/pg_ctl" -D "$dir" -l "$dir/log" -w -t 60 -o "-c listen_addresses=127.0.0.1 -c port=$port \
            -c unix_socket_directories='' -c shared_buffers=64MB -c max_connections=200 ${PG_SET:-}" start >/dev/null 2>&1; then
            rm -f "$2.log"
            echo "postgres://postgres@127.0.0.1:$port/postgres"
            return
        fi
    done
    cat "$dir/log" >&2
    exit 1
}

stop() {
    pid=$(head -n 1 "$dir/postmaster.pid" 2>/dev/null || true)
    if [ -n "$pid" ]; then
        kill -INT "$pid" # fast shutdown: open sessions are ended
        n=0
        while kill -0 "$pid" 2>/dev/null; do
            n=$((n + 1))
            [ $n -le 300 ] || { echo "process $pid does not end" >&2; exit 1; }
            sleep 0.1
        done
    fi
    rm -rf "$dir"
}

case $1 in
start) start "$1" "$(dirname "$dir")/pg" ;;
stop) stop ;;
*) usage ;;
esac
