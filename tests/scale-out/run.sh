#!/usr/bin/env bash
# Streams that outlive their servers: HAProxy in front of gateway nodes, over a PostgreSQL primary and its standby, all on this machine. Nodes are killed with -9 and started
# again at random, and once the primary is killed and the standby promoted, while clients of all formats stream; each of them has to end with exactly its rows.
#   tests/scale-out/run.sh [--clients N] [--rows N] [--kills N] [--nodes N] [--pace MS] [--seed N]
# Shows every second how many streams each node has, and ends with 0 when all clients have ended as they should. STREAMRT names a built streamrt.dll; else it is built.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

clients=60 rows=10000 kills=6 nodes=3 pace=25 seed=$RANDOM
while [ $# -gt 0 ]; do
    case "$1" in
        --clients) clients=$2 ;; --rows) rows=$2 ;; --kills) kills=$2 ;; --nodes) nodes=$2 ;; --pace) pace=$2 ;; --seed) seed=$2 ;;
        *) echo "usage: $0 [--clients N] [--rows N] [--kills N] [--nodes N] [--pace MS] [--seed N]" >&2; exit 2 ;;
    esac
    shift 2
done
RANDOM=$seed
echo "seed $seed"

export PATH="$PATH:/usr/sbin:$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -1)"
for program in initdb pg_ctl pg_basebackup psql haproxy node dotnet; do
    command -v "$program" >/dev/null || { echo "$program is missing; ./test.sh installs what is needed." >&2; exit 1; }
done
program=${STREAMRT:-}
if [ -z "$program" ]; then
    dotnet build -c Release -v quiet src/StreamRuntime.Cli || exit 1
    program=$PWD/src/StreamRuntime.Cli/bin/Release/net10.0/streamrt.dll
fi

folder=$(mktemp -d -t scale-out.XXXXXX)
chmod 755 "$folder"
declare -a node_ids
haproxy_id= killer_id= clients_id=
as_postgres() { if [ "$(id -u)" -eq 0 ]; then (cd "$folder" && setpriv --reuid=postgres --regid=postgres --init-groups "$@"); else "$@"; fi; }
end() {
    for id in $killer_id $clients_id $haproxy_id $(cat "$folder"/node*.id 2>/dev/null); do kill -9 "$id" 2>/dev/null; done
    for data in primary standby; do as_postgres pg_ctl -D "$folder/pg/$data" -m immediate stop >/dev/null 2>&1; done
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 130' INT TERM

# All at once, so that none of them is given twice.
mapfile -t ports < <(node -e '
    const net = require("net"); const wanted = Number(process.argv[1]);
    const servers = Array.from({ length: wanted }, () => net.createServer().listen(0, "127.0.0.1"));
    setTimeout(() => { servers.forEach(s => { console.log(s.address().port); s.close(); }); }, 100);' $((nodes + 3)))
primary_port=${ports[0]} standby_port=${ports[1]} front_port=${ports[2]}

mkdir "$folder/pg"
if [ "$(id -u)" -eq 0 ]; then chown postgres "$folder/pg"; fi
echo "starting a PostgreSQL primary, its standby, $nodes gateway nodes and HAProxy"
as_postgres initdb --no-sync --auth=trust --username=postgres --encoding=UTF8 -D "$folder/pg/primary" >"$folder/pg.log" || exit 1
cat >> "$folder/pg/primary/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$folder/pg'
max_connections = $((clients * 2 + 50))
fsync = off
hot_standby = on
CONF
as_postgres pg_ctl -w -D "$folder/pg/primary" -o "-p $primary_port" -l "$folder/pg/primary.log" start >/dev/null || { cat "$folder/pg/primary.log"; exit 1; }
sql() { psql -XqAt -h 127.0.0.1 -p "$1" -U postgres -d postgres -c "$2"; }
sql "$primary_port" "create table t as select id, json_build_object('id', id, 'text', repeat('x', 1000)) as data from generate_series(1, $rows) as id" || exit 1
sql "$primary_port" "alter table t add primary key (id)" || exit 1
as_postgres pg_basebackup -D "$folder/pg/standby" -h 127.0.0.1 -p "$primary_port" -U postgres --write-recovery-conf --checkpoint=fast --no-sync || exit 1
as_postgres pg_ctl -w -D "$folder/pg/standby" -o "-p $standby_port" -l "$folder/pg/standby.log" start >/dev/null || { cat "$folder/pg/standby.log"; exit 1; }

# A node knows both servers and reads from whichever answers; the nodes share nothing but these and the folder with the keys.
start_node() {
    dotnet "$program" serve --source "postgres://postgres@127.0.0.1:$primary_port,127.0.0.1:$standby_port/postgres" \
        --endpoint "rows=select data, id from t" --key rows=id --resume-keys "$folder/keys" --pool-size "$clients" --checkpoint-rows 500 \
        --urls "http://127.0.0.1:${ports[$(($1 + 3))]}" --log-level error --no-page >>"$folder/node$1.log" 2>&1 &
    echo $! > "$folder/node$1.id"
    disown
}
node_is_ready() { node -e 'require("http").get(process.argv[1], r => process.exit(r.statusCode === 200 ? 0 : 1)).on("error", () => process.exit(1))' "http://127.0.0.1:${ports[$(($1 + 3))]}/readyz"; }

{
    cat <<CONF
global
    maxconn $((clients * 4 + 100))
    # Small buffers, and large rows: what lies in a killed node's kernel still arrives, so that a result that is there as a whole would not notice.
    tune.rcvbuf.server 65536
    tune.sndbuf.client 65536
defaults
    mode http
    timeout connect 2s
    timeout client 1h
    timeout server 1h
    timeout tunnel 1h
    option redispatch
    retries 2
frontend front
    bind 127.0.0.1:$front_port
    default_backend nodes
backend nodes
    balance leastconn
    option httpchk GET /readyz
    http-after-response set-header X-Node %s if { status lt 400 }
CONF
    for ((i = 0; i < nodes; i++)); do echo "    server node$i 127.0.0.1:${ports[$((i + 3))]} check inter 200ms fall 1 rise 1 on-marked-down shutdown-sessions"; done
} > "$folder/haproxy.cfg"

for ((i = 0; i < nodes; i++)); do start_node $i; done
for ((i = 0; i < nodes; i++)); do
    for ((tries = 0; tries < 300; tries++)); do node_is_ready $i && break; sleep 0.1; done
    [ $tries -lt 300 ] || { echo "node$i does not serve:" >&2; cat "$folder/node$i.log" >&2; exit 1; }
done
haproxy -q -f "$folder/haproxy.cfg" -db >"$folder/haproxy.log" 2>&1 &
haproxy_id=$!
sleep 1
kill -0 $haproxy_id 2>/dev/null || { cat "$folder/haproxy.log" >&2; exit 1; }

node tests/scale-out/clients.mjs "http://127.0.0.1:$front_port/rows/rows" "$clients" "$rows" "$pace" &
clients_id=$!

# Kills until it has killed as often as asked for, or there is nobody left to notice.
for ((kill = 1; kill <= kills; kill++)); do
    sleep "$((1 + RANDOM % 2)).$((RANDOM % 10))"
    kill -0 $clients_id 2>/dev/null || break
    victim=$((RANDOM % nodes))
    echo "kill -9 node$victim"
    kill -9 "$(cat "$folder/node$victim.id")" 2>/dev/null
    if [ $kill -eq $(((kills + 1) / 2)) ]; then
        echo "kill -9 the primary; the standby is promoted"
        as_postgres bash -c "kill -9 \$(head -1 '$folder/pg/primary/postmaster.pid')"
        as_postgres pg_ctl -w -D "$folder/pg/standby" promote >/dev/null
    fi
    sleep "0.$((RANDOM % 10))"
    start_node $victim
done
wait $clients_id
result=$?
clients_id=
if [ $result -ne 0 ]; then tail -n 5 "$folder"/node*.log "$folder"/haproxy.log >&2; fi
exit $result
