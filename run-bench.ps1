#!/usr/bin/env pwsh
<#
.SYNOPSIS
Measures StreamRuntime, records what was measured, and compares builds.

.DESCRIPTION
Every argument goes to the runner as it is; -Help says more about each.

  -Suite NAME …   what to measure
  -Against NAME   compares with another commit, or with what a phase recorded
  -Gate           fails when something is certainly worse than -Against
  -Tolerance N    how many per cent slower is still fine
  -Phase NAME     records the results
  -Rounds N       how often every subject is measured
  -Rows N         how many rows a whole run reads
  -Quick          what continuous integration runs
  -Report         only brings the page and the charts up to date
  -Help           lists all of this, with the suites there are

Without PowerShell: dotnet run -c Release --project benchmarks/StreamRuntime.Benchmarks -- [arguments]

.EXAMPLE
./run-bench.ps1 -Suite postgres-cpu -Rounds 3

.EXAMPLE
./run-bench.ps1 -Against main -Gate
#>
$project = Join-Path $PSScriptRoot 'benchmarks/StreamRuntime.Benchmarks'
& dotnet run -c Release --project $project -- @args
exit $LASTEXITCODE
