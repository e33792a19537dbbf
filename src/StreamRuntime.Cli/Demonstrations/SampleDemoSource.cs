using StreamRuntime.Sources;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Demonstrations;

/// <summary>The embedded sample rows; counts how often the stream asks for more.</summary>
internal sealed class SampleDemoSource(long rows, int rowBytes) : IDemoSource
{
    private CountingSource? _current;
    private long? _first;
    private long _last;

    public string Name => "the embedded sample source";

    public ValueTask<JsonRowStream> OpenAsync(CancellationToken cancellationToken)
    {
        _current = new CountingSource(new SampleRowSource(rows, rowBytes));
        return new(JsonRowStream.Create(_current));
    }

    public ValueTask LookAsync(CancellationToken cancellationToken)
    {
        _last = _current!.Receives;
        _first ??= _last;
        return default;
    }

    public (bool Holds, string Text) Report() => (_last == _first, $"was asked for rows {_last - _first} times");

    public ValueTask DisposeAsync() => default;

    private sealed class CountingSource(IRowSource inner) : IRowSource
    {
        private long _receives;

        public long Receives => Volatile.Read(ref _receives);

        public ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
        {
            Volatile.Write(ref _receives, _receives + 1);
            return inner.ReceiveAsync(rows, cancellationToken);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
