using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Streams;

/// <summary>A result of ten rows that come in one receive; one serves any number of streams.</summary>
internal sealed class TenRowSource : IRowSource
{
    private readonly byte[] _bytes = SampleRows.Make(Rows, SampleRows.SmallRowBytes);

    public const int Rows = 10;

    public ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
        rows.Attach(_bytes);
        for (int i = 0; i < Rows; i++)
        {
            rows.Add(i * (SampleRows.SmallRowBytes + 1), SampleRows.SmallRowBytes);
        }

        return new ValueTask<bool>(false);
    }

    public ValueTask DisposeAsync() => default;
}
