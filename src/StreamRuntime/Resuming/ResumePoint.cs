namespace StreamRuntime.Resuming;

/// <summary>Where a stream is to go on.</summary>
/// <param name="Place">The source's place.</param>
/// <param name="Rows">How many rows were delivered up to it, over all streams that led there.</param>
/// <param name="IsComplete">True when there is nothing left.</param>
internal readonly record struct ResumePoint(byte[] Place, long Rows, bool IsComplete);
