namespace StreamRuntime.Benchmarks.Micro;

/// <summary>One subject's whole run, on the calling thread, over everything from creation to disposal.</summary>
/// <param name="Subject">Who does it.</param>
/// <param name="Units">How many units one run does.</param>
/// <param name="Run">Does it.</param>
internal sealed record TimedRun(string Subject, int Units, Action Run);
