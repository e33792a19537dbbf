using System.Threading.Channels;
using StreamRuntime.AspNetCore.Bridging;

namespace StreamRuntime.AspNetCore.Tests.Bridging;

/// <summary>A client in memory, told by the test what to send and how much to take.</summary>
internal sealed class MemoryClient : IBridgeClient
{
    private readonly Channel<(ClientEvent Event, byte[] Bytes)> _toSend = Channel.CreateUnbounded<(ClientEvent, byte[])>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _aborted = new();
    private readonly MemoryStream _taken = new();
    private readonly List<string> _texts = [];
    private readonly List<string> _log;
    private TaskCompletionSource? _takesNothing;
    private ReadOnlyMemory<byte> _rest;
    private int _disposals;
    private int _sends;

    public MemoryClient(List<string>? log = null) => _log = log ?? [];

    public Exception? FailsToTake { get; set; }

    public Exception? FailsToClose { get; init; }

    public Exception? FailsToRelease { get; init; }

    public bool AnswersClose { get; init; } = true;

    public int Disposals => Volatile.Read(ref _disposals);

    public int Sends => Volatile.Read(ref _sends);

    public int Messages { get; private set; }

    public bool IsAborted => _aborted.IsCancellationRequested;

    public int? CloseCode { get; private set; }

    public string? CloseReason { get; private set; }

    public TaskCompletionSource Told { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

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

    public long TakenBytes
    {
        get
        {
            lock (_taken)
            {
                return _taken.Length;
            }
        }
    }

    public string[] Texts
    {
        get
        {
            lock (_texts)
            {
                return [.. _texts];
            }
        }
    }

    public void Says(byte[] bytes) => _toSend.Writer.TryWrite((ClientEvent.Bytes, bytes));

    public void Says(ClientEvent control) => _toSend.Writer.TryWrite((control, []));

    public void Breaks(Exception failure) => _toSend.Writer.TryComplete(failure);

    /// <summary>From now on every send waits until <see cref="TakesAgain"/> or the abort.</summary>
    public void TakesNothing() => Volatile.Write(ref _takesNothing, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public void TakesAgain() => Interlocked.Exchange(ref _takesNothing, null)?.SetResult();

    public async ValueTask<ClientReceived> ReceiveAsync(Memory<byte> buffer)
    {
        if (_rest.Length == 0)
        {
            // Waited for first: that throws the failure as it is.
            await _toSend.Reader.WaitToReadAsync(_aborted.Token);
            (ClientEvent what, byte[] bytes) = await _toSend.Reader.ReadAsync(_aborted.Token);
            if (what != ClientEvent.Bytes)
            {
                return new ClientReceived(what);
            }

            _rest = bytes;
        }

        int count = Math.Min(_rest.Length, buffer.Length);
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return new ClientReceived(ClientEvent.Bytes, count);
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, bool endsMessage, bool isText)
    {
        Interlocked.Increment(ref _sends);
        if (Volatile.Read(ref _takesNothing) is { } wait)
        {
            await wait.Task.WaitAsync(_aborted.Token);
        }

        _aborted.Token.ThrowIfCancellationRequested();
        if (FailsToTake is not null)
        {
            throw FailsToTake;
        }

        if (isText)
        {
            lock (_texts)
            {
                _texts.Add(System.Text.Encoding.UTF8.GetString(bytes.Span));
            }

            return;
        }

        lock (_taken)
        {
            _taken.Write(bytes.Span);
        }

        Messages += endsMessage ? 1 : 0;
    }

    public ValueTask CloseAsync(int code, string reason, CancellationToken cancellationToken)
    {
        if (FailsToClose is not null)
        {
            throw FailsToClose;
        }

        CloseCode = code;
        CloseReason = reason;
        Told.TrySetResult();
        if (AnswersClose)
        {
            Says(ClientEvent.Closed);
        }

        return default;
    }

    public bool BrokeProtocol(Exception failure) => failure is FormatException;

    public void Abort() => _aborted.Cancel();

    public ValueTask DisposeAsync()
    {
        Interlocked.Increment(ref _disposals);
        lock (_log)
        {
            _log.Add("client released");
        }

        return FailsToRelease is null ? default : ValueTask.FromException(FailsToRelease);
    }
}
