using System.Threading.Channels;
using StreamRuntime.AspNetCore.Bridging;

namespace StreamRuntime.AspNetCore.Tests.Bridging;

/// <summary>A backend in memory, told by the test what to send and how to end.</summary>
internal sealed class MemoryBackend : IBridgeBackend
{
    private readonly Channel<byte[]> _toSend = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });
    private readonly MemoryStream _taken = new();
    private readonly List<string> _log;
    private ReadOnlyMemory<byte> _rest;
    private int _disposals;
    private int _receives;

    public MemoryBackend(List<string>? log = null) => _log = log ?? [];

    public string Kind => "memory";

    public bool TakesBytes { get; init; } = true;

    public Func<CancellationToken, Task>? OnConnect { get; init; }

    public Func<CancellationToken, Task>? OnSend { get; set; }

    public Exception? FailsToRelease { get; init; }

    public Action? OnRelease { get; init; }

    public bool Echoes { get; init; }

    public BridgeBackendEnd End { get; set; }

    public int Disposals => Volatile.Read(ref _disposals);

    public int Receives => Volatile.Read(ref _receives);

    public bool IsInputComplete { get; private set; }

    public int Pauses { get; private set; }

    public int Resumes { get; private set; }

    public byte[] Taken
    {
        get
        {
            lock (_taken)
            {
                return _taken.ToArray();
            }
        }
    }

    public void Sends(byte[] bytes) => _toSend.Writer.TryWrite(bytes);

    public void Ends(Exception? failure = null) => _toSend.Writer.TryComplete(failure);

    public async ValueTask ConnectAsync(CancellationToken cancellationToken)
    {
        if (OnConnect is not null)
        {
            await OnConnect(cancellationToken);
        }
    }

    public async ValueTask<BridgeReceived> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _receives);
        if (_rest.Length == 0)
        {
            if (!await _toSend.Reader.WaitToReadAsync(cancellationToken) || !_toSend.Reader.TryRead(out byte[]? next))
            {
                return default;
            }

            _rest = next;
        }

        int count = Math.Min(_rest.Length, buffer.Length);
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return new BridgeReceived(count, EndsMessage: _rest.Length == 0);
    }

    public ValueTask<BridgeBackendEnd> GetEndAsync(CancellationToken cancellationToken) => new(End);

    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (OnSend is not null)
        {
            await OnSend(cancellationToken);
        }

        lock (_taken)
        {
            _taken.Write(bytes.Span);
        }

        if (Echoes)
        {
            Sends(bytes.ToArray());
        }
    }

    public ValueTask CompleteSendingAsync(CancellationToken cancellationToken)
    {
        IsInputComplete = true;
        if (Echoes)
        {
            Ends();
        }

        return default;
    }

    public void Pause() => Pauses++;

    public void Resume() => Resumes++;

    public ValueTask DisposeAsync()
    {
        Interlocked.Increment(ref _disposals);
        OnRelease?.Invoke();
        lock (_log)
        {
            _log.Add("backend released");
        }

        return FailsToRelease is null ? default : ValueTask.FromException(FailsToRelease);
    }
}
