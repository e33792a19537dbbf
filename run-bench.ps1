#!/usr/bin/env pwsh
# Measures StreamRuntime. Every argument goes to the runner as it is; -Help lists them.
# Without PowerShell: dotnet run -c Release --project benchmarks/StreamRuntime.Benchmarks -- [arguments]
$project = Join-Path $PSScriptRoot 'benchmarks/StreamRuntime.Benchmarks'
& dotnet run -c Release --project $project -- @args
exit $LASTEXITCODE
