namespace StreamRuntime.Streams;

/// <summary>Gives one row a receive, for ever, and says when a receive starts.</summary>
internal sealed class ModelSource(Action started) : IRowSource
{
    private static readonly byte[] s_row = "1"u8.ToArray();

    public ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
        started();
        rows.Attach(s_row);
        rows.Add(0, s_row.Length);
        return new ValueTask<bool>(true);
    }

    public ValueTask DisposeAsync() => default;
}
