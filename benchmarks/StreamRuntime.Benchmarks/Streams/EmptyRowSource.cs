using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Streams;

/// <summary>A result without rows; one serves any number of streams.</summary>
internal sealed class EmptyRowSource : IRowSource
{
    public static EmptyRowSource Instance { get; } = new();

    public ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken) => new(false);

    public ValueTask DisposeAsync() => default;
}
