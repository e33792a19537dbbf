namespace StreamRuntime.Cli.Demonstrations;

/// <summary>What was seen while a stream was paused.</summary>
/// <param name="MachineryBytes">Allocated by the first pause.</param>
/// <param name="RowsMeanwhile">Rows that came although they should not have.</param>
/// <param name="BufferedBytes">Held by the stream at the end of the pause.</param>
/// <param name="MemoryGrowth">By how much the heap grew.</param>
/// <param name="SourceHeld">Whether the sender's side was as it should be.</param>
/// <param name="SourceText">The sender's side in words.</param>
internal sealed record PauseFindings(
    long MachineryBytes, long RowsMeanwhile, long BufferedBytes, long MemoryGrowth, bool SourceHeld, string SourceText);
