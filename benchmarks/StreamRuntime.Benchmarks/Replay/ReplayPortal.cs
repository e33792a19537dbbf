namespace StreamRuntime.Benchmarks.Replay;

/// <summary>A statement that is being run, in the format its client asked for.</summary>
internal sealed class ReplayPortal(ReplayStatement statement, bool isBinary)
{
    public RecordedRows Rows { get; } = isBinary ? statement.Query.Binary : statement.Query.Text;

    /// <summary>How many rows were sent.</summary>
    public long Sent { get; private set; }

    /// <summary>How many rows are left.</summary>
    public long Left => statement.Rows - Sent;

    /// <summary>The next rows of at most so many, in one piece; fewer where the recording ends.</summary>
    public ReadOnlyMemory<byte> Take(long most, out int taken)
    {
        int first = (int)(Sent % Rows.Count);
        taken = (int)Math.Min(most, Rows.Count - first);
        Sent += taken;
        return Rows.Slice(first, taken);
    }
}
