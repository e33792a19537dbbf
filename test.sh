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
    PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null 2>&1
}

missing=()
if ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && ! find_program initdb; then missing+=(postgresql); fi
if ! find_program pgbouncer; then missing+=(pgbouncer); fi
if ! find_program ss; then missing+=(iproute2); fi
if ! find_program sshd || ! find_program ssh; then missing+=(openssh-server openssh-client); fi
if ! find_program curl; then missing+=(curl); fi
if ! find_program node || ! find_program npm; then missing+=(nodejs npm); fi
if ! find_program chromium && ! find_program chromium-browser && ! find_program google-chrome; then missing+=(chromium); fi
if [ ${#missing[@]} -gt 0 ]; then
    echo "Installing ${missing[*]}"
    if ! { as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"; }; then
        echo "Could not install ${missing[*]}; the tests that need them will fail and say so." >&2
    fi
fi

# Where there is no PowerShell, its scripts are checked with a grammar of it; installed once, and again when another version is asked for.
grammar=tests/powershell-grammar
if [ ! "$grammar/node_modules/.package-lock.json" -nt "$grammar/package-lock.json" ]; then
    echo "Installing a grammar of PowerShell"
    if ! (cd "$grammar" && npm ci --prefer-offline); then
        echo "Could not install it; the test of the PowerShell scripts will fail and say so." >&2
    fi
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
