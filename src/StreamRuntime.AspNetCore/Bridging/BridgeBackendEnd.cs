namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>How a backend ended by itself.</summary>
/// <param name="ExitStatus">The exit status of what ran there; null where nothing has one.</param>
/// <param name="Failure">Why it was no orderly end; null when it was one. An exit status other than 0 is an orderly end.</param>
public readonly record struct BridgeBackendEnd(int? ExitStatus = null, Exception? Failure = null);
