using System.Threading.Channels;
using StreamRuntime.AspNetCore.Bridging;
using StreamRuntime.AspNetCore.WebSockets;

namespace StreamRuntime.AspNetCore.Tests.Bridging;

/// <summary>A client in memory, told by the test what to send and how much to take.</summary>
internal sealed class MemoryClient : IBridgeClient
{
    // Bytes, a control message, or, where it is neither, the client's close frame.
    private readonly Channel<(byte[]? Bytes, ControlKind? Control)> _toSend = Channel.CreateUnbounded<(byte[]?, ControlKind?)>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _aborted = new();
    private readonly MemoryStream _taken = new();
    private readonly List<string> _texts = [];
    private readonly List<string> _log;
    private TaskCompletionSource? _takesNothing;
    private BridgeSession? _session;
    private BridgeEnd _violation;
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

    public Task Ended => _ended.Task;

    public int Activities { get; private set; }

    public void Says(byte[] bytes) => _toSend.Writer.TryWrite((bytes, null));

    public void Says(ControlKind control) => _toSend.Writer.TryWrite((null, control));

    public void Closes() => _toSend.Writer.TryWrite(default);

    /// <summary>Does what ends its connection, which tells the session.</summary>
    public void Violates(BridgeEnd end)
    {
        _violation = end;
        Says(ControlKind.Malformed);
    }

    public void Attach(BridgeSession session)
    {
        _session = session;
        _ = ReadAsync();
    }

    public void Breaks(Exception failure) => _toSend.Writer.TryComplete(failure);

    /// <summary>From now on every send waits until <see cref="TakesAgain"/> or the abort.</summary>
    public void TakesNothing() => Volatile.Write(ref _takesNothing, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public void TakesAgain() => Interlocked.Exchange(ref _takesNothing, null)?.SetResult();

    public void NoteActivity() => Activities++;

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

    public ValueTask CloseAsync(BridgeEnd end, int code, string reason)
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
            Closes();
        }

        return default;
    }

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

    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                // Waited for first: that throws the failure as it is.
                await _toSend.Reader.WaitToReadAsync(_aborted.Token);
                (byte[]? bytes, ControlKind? control) = await _toSend.Reader.ReadAsync(_aborted.Token);
                if (bytes is not null)
                {
                    foreach (byte[] part in bytes.Chunk(4096))
                    {
                        await _session!.TakeBytesAsync(part);
                    }
                }
                else if (control is null)
                {
                    _session!.ClientClosed();
                    return;
                }
                else if (_violation != BridgeEnd.None)
                {
                    _session!.TryEnd(_violation);
                }
                else
                {
                    _session!.TakeControl(control.Value);
                }
            }
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            _session!.TryEnd(BridgeEnd.ClientLost, failure);
        }
        finally
        {
            _ended.SetResult();
        }
    }
}
