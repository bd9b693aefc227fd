#!/bin/sh
# Serves a demo town, living it first if there is none.
set -eu
cd "$(dirname "$0")/.."
linli=target/release/linli
dir=var/demo
listen=${LISTEN:-127.0.0.1:8080}
if [ ! -f "$dir/demo-accounts.json" ]; then
    # A demo that was interrupted has no accounts yet: it begins again.
    rm -rf "$dir"
    $linli demo --data "$dir" --scale town
fi
echo
echo "  http://$listen"
echo "  演示账号 · demo accounts (密码 · password: linli-demo)"
node -e '
const accounts = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
for (const [role, a] of Object.entries(accounts)) console.log(`    ${a.login.padEnd(20)} ${a.name}  ${a.unit}`);' "$dir/demo-accounts.json"
echo
exec $linli serve --data "$dir" --listen "$listen"
