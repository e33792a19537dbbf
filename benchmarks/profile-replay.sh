#!/usr/bin/env bash
# Where a client's processor time goes while it reads recorded rows: perf's samples by part of the process, by thread and by function.
# usage: benchmarks/profile-replay.sh PHASE [ROWS]       writes perf-results/PHASE/profile-replay.txt
# Needs perf (Debian: linux-perf). The figures are shares of one client's samples, so they are compared within a client.
set -euo pipefail

phase=${1:?usage: benchmarks/profile-replay.sh PHASE [ROWS]}
rows=${2:-60000000}
root=$(cd "$(dirname "$0")/.." && pwd)
program=$root/benchmarks/StreamRuntime.Benchmarks/bin/Release/net10.0/StreamRuntime.Benchmarks
out=$root/perf-results/$phase/profile-replay.txt
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

command -v perf >/dev/null || { echo "perf is not installed (Debian: apt-get install linux-perf)." >&2; exit 2; }
dotnet build -c Release -v q "$root/benchmarks/StreamRuntime.Benchmarks" >&2

mkfifo "$work/hold"
"$program" replay <"$work/hold" >"$work/server" &
server=$!
exec 3>"$work/hold"
until [ "$(wc -l <"$work/server")" -ge 2 ]; do sleep 0.2; done
connection=$(sed -n 1p "$work/server")

profile() { # NAME CLIENT [SWITCH]
    # One mapping of code, and named, or perf can't tell our functions.
    DOTNET_EnableWriteXorExecute=0 DOTNET_PerfMapEnabled=1 perf record -q -F 4000 -e cpu-clock -o "$work/data" \
        "$program" client read "$2" "$connection" "select data from json_rows limit $rows" ${3:+"$3"} >/dev/null 2>&1
    local samples
    samples=$(perf script -i "$work/data" -F comm 2>/dev/null | wc -l)
    echo
    echo "== $1: $rows rows, $samples samples of 250 µs, $((samples * 250000 / rows)) ns a row (start and compiling included)"
    perf report -i "$work/data" --sort dso 2>/dev/null | grep -E '^ +[0-9]' | sed -n 1,6p
    echo "   by thread"
    perf report -i "$work/data" --sort comm 2>/dev/null | grep -E '^ +[0-9]' | sed -n 1,5p
    echo "   by function"
    perf report -i "$work/data" --sort symbol 2>/dev/null | grep -E '^ +[0-9]' | sed -n 1,24p | cut -c1-180 | sed -E 's/[ -]+$//'
}

{
    echo "Made by benchmarks/profile-replay.sh at commit $(git -C "$root" rev-parse HEAD)."
    profile "bare socket" socket
    profile "library, inline completions" library --inline
    profile "library, default completions" library
} >"$work/report"
mkdir -p "$(dirname "$out")"
mv "$work/report" "$out"
echo "Wrote ${out#"$root"/}" >&2
