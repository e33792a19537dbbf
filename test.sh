#!/usr/bin/env bash
# Builds everything with warnings as errors and runs every test. The last line is "N passed, N failed".
#   ./test.sh [--full] [arguments for dotnet test, such as --filter Name~Pause]
# --full also runs the long forms: it sets STREAMRUNTIME_TEST_FULL=1.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

arguments=()
for argument in "$@"; do
    if [ "$argument" = --full ]; then
        export STREAMRUNTIME_TEST_FULL=1
    else
        arguments+=("$argument")
    fi
done

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# The tests start servers of their own; only the programs are needed. Each is looked for as the test kit looks for it.
find_program() {
    PATH="$PATH:/usr/sbin:/snap/bin" command -v "$1" >/dev/null 2>&1
}

missing=()
if ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && ! find_program initdb; then missing+=(postgresql); fi
if ! find_program pgbouncer; then missing+=(pgbouncer); fi
if ! find_program ss; then missing+=(iproute2); fi
if ! find_program sshd || ! find_program ssh; then missing+=(openssh-server openssh-client); fi
if ! find_program haproxy; then missing+=(haproxy); fi
if ! find_program curl; then missing+=(curl); fi
if ! find_program node || ! find_program npm; then missing+=(nodejs npm); fi
browser=
if ! find_program chromium && ! find_program chromium-browser && ! find_program google-chrome; then browser=chromium; fi
if [ ${#missing[@]} -gt 0 ]; then
    echo "Installing ${missing[*]}"
    if ! { as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"; }; then
        echo "Could not install ${missing[*]}; the tests that need them will fail and say so." >&2
    fi
fi

# By itself, as its name is not everywhere the same: Debian has chromium as a package; Ubuntu's chromium-browser only fetches the snap, which needs snapd.
if [ -n "$browser" ]; then
    echo "Installing a browser"
    install_browser() { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$1"; }
    if [ ${#missing[@]} -eq 0 ]; then as_root apt-get update -q; fi
    if ! install_browser chromium && ! install_browser chromium-browser; then
        echo "Could not install a browser; the tests that drive one will fail and say so. On Ubuntu it comes as a snap: snap install chromium, or install Google Chrome." >&2
    fi
fi

# What comes as packages of npm is installed once, and again when another version is asked for.
install_packages() {
    if [ ! "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ]; then
        echo "Installing $2"
        if ! (cd "$1" && npm ci --prefer-offline); then
            echo "Could not install it; $3 will fail and say so." >&2
        fi
    fi
}

# Where there is no PowerShell, its scripts are checked with a grammar of it.
install_packages tests/powershell-grammar "a grammar of PowerShell" "the test of the PowerShell scripts"

# Node has a WebSocket from 22 on, and behind an option from 20.10 on; an older one is helped out by a newer.
node_version=$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
read -r node_major node_minor <<<"${node_version:-0 0}"
if [ $((node_major * 1000 + node_minor)) -lt 20010 ]; then
    install_packages tests/node-client "a Node with a WebSocket" "the tests of Node as a client"
fi

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
if ! dotnet build StreamRuntime.sln -c Release -warnaserror; then
    echo "The build failed." >&2
    echo "0 passed, 1 failed"
    exit 1
fi

results=artifacts/test-results
rm -rf "$results"
mkdir -p "$results"
passed=0
failed=0
status=0
for project in tests/*.Tests/*.csproj; do
    name=$(basename "$project" .csproj)
    dotnet test "$project" -c Release --no-build --results-directory "$results" \
        --logger "trx;LogFileName=$name.trx" --logger "console;verbosity=minimal" ${arguments[@]+"${arguments[@]}"}
    code=$?

    # A host that crashes leaves no counts, or the counts of what it got to; its exit code still says that it failed.
    counters=$(grep -o '<Counters [^>]*' "$results/$name.trx" 2>/dev/null | head -n 1)
    count() { sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<<"$counters"; }
    project_passed=$(count passed)
    total=$(count total)
    project_failed=$((${total:-0} - ${project_passed:-0}))
    if [ "$code" -ne 0 ]; then
        status=1
        if [ "$project_failed" -eq 0 ]; then
            echo "$name: the run failed with $code although no test did." >&2
            project_failed=1
        fi
    fi

    passed=$((passed + ${project_passed:-0}))
    failed=$((failed + project_failed))
done

if [ "$failed" -gt 0 ] || [ "$passed" -eq 0 ]; then status=1; fi
echo "$passed passed, $failed failed"
exit "$status"
