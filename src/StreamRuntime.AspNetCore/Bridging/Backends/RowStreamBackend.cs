using System.Runtime.CompilerServices;
using StreamRuntime.Streams;

namespace StreamRuntime.AspNetCore.Bridging.Backends;

/// <summary>
/// A row stream as a session's backend: newline-delimited JSON, one message a batch, in as many frames as its size needs. Takes no bytes. Pausing the session pauses the
/// stream. The session ends by 1000 only when the result is complete; one that broke ends by 1011.
/// </summary>
/// <remarks>As <see cref="IBridgeBackend"/> says; not thread-safe beyond that.</remarks>
public sealed class RowStreamBackend : IBridgeBackend
{
    private readonly Func<CancellationToken, ValueTask<JsonRowStream>> _open;
    private JsonRowStream? _stream;
    private bool _isPaused;
    private int _row;
    private int _offset;

    /// <summary>Makes a backend whose stream is not open yet.</summary>
    /// <param name="open">Opens the stream; the backend disposes it.</param>
    public RowStreamBackend(Func<CancellationToken, ValueTask<JsonRowStream>> open)
    {
        ArgumentNullException.ThrowIfNull(open);
        _open = open;
    }

    /// <inheritdoc/>
    public string Kind => "rows";

    /// <inheritdoc/>
    public bool TakesBytes => false;

    /// <inheritdoc/>
    public async ValueTask ConnectAsync(CancellationToken cancellationToken)
    {
        JsonRowStream stream = await _open(cancellationToken).ConfigureAwait(false);

        // Written before the look at the pause, as the pause is before the look at the stream: one of the two sees both.
        Interlocked.Exchange(ref _stream, stream);
        if (Volatile.Read(ref _isPaused))
        {
            stream.TryPause("the session is paused");
            if (!Volatile.Read(ref _isPaused))
            {
                stream.TryResume();
            }
        }
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<BridgeReceived> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        JsonRowStream stream = _stream!;
        if (_row == stream.CurrentBatch.Count)
        {
            if (!await stream.ReadBatchAsync(cancellationToken).ConfigureAwait(false))
            {
                return default;
            }

            _row = 0;
            _offset = 0;
        }

        int bytes = Fill(stream.CurrentBatch, buffer.Span);
        return new BridgeReceived(bytes, EndsMessage: _row == stream.CurrentBatch.Count);
    }

    /// <inheritdoc/>
    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        ValueTask.FromException(new StreamRuntimeException(ErrorKind.Protocol, "A row stream takes no bytes."));

    /// <summary>Does nothing: there was nothing to send.</summary>
    /// <param name="cancellationToken">Not looked at.</param>
    public ValueTask CompleteSendingAsync(CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public void Pause()
    {
        Interlocked.Exchange(ref _isPaused, true);
        Volatile.Read(ref _stream)?.TryPause("the session is paused");
    }

    /// <inheritdoc/>
    public void Resume()
    {
        Interlocked.Exchange(ref _isPaused, false);
        Volatile.Read(ref _stream)?.TryResume();
    }

    /// <summary>Ends the stream; a query that still runs is cancelled.</summary>
    public ValueTask DisposeAsync() => _stream?.DisposeAsync() ?? default;

    /// <summary>Copies rows as far as they fit, from wherever the last call had come to: a row may be larger than any buffer.</summary>
    private int Fill(RowBatch batch, Span<byte> buffer)
    {
        int at = 0;
        while (_row < batch.Count && at < buffer.Length)
        {
            ReadOnlySpan<byte> rest = batch[_row].Span[_offset..];
            if (rest.Length > buffer.Length - at)
            {
                rest = rest[..(buffer.Length - at)];
            }

            CopyOnOneLine(rest, buffer[at..]);
            at += rest.Length;
            _offset += rest.Length;
            if (_offset == batch[_row].Length && at < buffer.Length)
            {
                buffer[at++] = (byte)'\n';
                _row++;
                _offset = 0;
            }
        }

        return at;
    }

    // Between the tokens of JSON a line break means no more than a space, and within them there is none.
    private static void CopyOnOneLine(ReadOnlySpan<byte> row, Span<byte> destination)
    {
        row.CopyTo(destination);
        Span<byte> copy = destination[..row.Length];
        if (copy.ContainsAny((byte)'\n', (byte)'\r'))
        {
            copy.Replace((byte)'\n', (byte)' ');
            copy.Replace((byte)'\r', (byte)' ');
        }
    }
}
