namespace StreamRuntime.Benchmarks.Workers;

/// <summary>How long a worker may be silent before it counts as hung.</summary>
/// <param name="Start">While it prepares all its suites: servers, and data.</param>
/// <param name="Round">While it measures one round of a suite.</param>
internal sealed record WorkerLimits(TimeSpan Start, TimeSpan Round);
