using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using StreamRuntime.Buffers;

namespace StreamRuntime.Streams;

/// <summary>One document written from a stream's rows, in as many steps as wanted, each of exactly the number of rows asked for.</summary>
/// <remarks>
/// For a limit, or for a pause at an exact row; <see cref="JsonRowStream.CopyToAsync(PipeWriter, RowFormat, CancellationToken)"/> does it in one step.
/// A copy reads its stream, so it counts as the stream's one reader; not thread-safe by itself.
/// </remarks>
public sealed class RowCopy : IAsyncDisposable
{
    private readonly JsonRowStream _stream;
    private readonly PipeWriter _destination;
    private readonly RowFormat _format;
    private readonly bool _ownsWriter;
    private RowFormatter _formatter;
    private bool _begun;
    private bool _ended;
    private bool _readerHasGone;

    // Begun and not waited for yet; whoever takes the next step does.
    private ValueTask<FlushResult> _flush;
    private bool _isFlushing;

    private RowCopy(JsonRowStream stream, PipeWriter destination, RowFormat format, bool ownsWriter)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _stream = stream;
        _destination = destination;
        _format = format;
        _ownsWriter = ownsWriter;
        _formatter = new RowFormatter(format);
    }

    /// <summary>Rows written so far.</summary>
    public long Rows => _formatter.Rows;

    /// <summary>Makes a copy to a pipe. Nothing is read or written yet.</summary>
    /// <param name="stream">Where the rows come from; left open.</param>
    /// <param name="destination">Where to write; left open. Its back-pressure holds the source back.</param>
    /// <param name="format">How to write.</param>
    /// <exception cref="ArgumentOutOfRangeException">The format is none of <see cref="RowFormat"/>.</exception>
    public static RowCopy Create(JsonRowStream stream, PipeWriter destination, RowFormat format = RowFormat.Ndjson)
    {
        ArgumentNullException.ThrowIfNull(destination);
        return new RowCopy(stream, destination, format, ownsWriter: false);
    }

    /// <summary>Makes a copy to a stream, in one write a batch. Nothing is read or written yet.</summary>
    /// <param name="stream">Where the rows come from; left open.</param>
    /// <param name="destination">Where to write; left open, and not flushed.</param>
    /// <param name="format">How to write.</param>
    /// <exception cref="ArgumentOutOfRangeException">The format is none of <see cref="RowFormat"/>.</exception>
    public static RowCopy Create(JsonRowStream stream, Stream destination, RowFormat format = RowFormat.Ndjson)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentNullException.ThrowIfNull(stream);
        return new RowCopy(stream, new PooledStreamPipeWriter(destination, mostKept: stream.Batch.MaxBufferedBytes), format, ownsWriter: true);
    }

    /// <summary>Writes the next rows, up to <paramref name="maxRows"/>; a row beyond it that was already received stays the stream's next row.</summary>
    /// <param name="maxRows">The most rows this step may write; 0 or more, <see cref="long.MaxValue"/> for all.</param>
    /// <param name="cancellationToken">As for <see cref="JsonRowStream.ReadBatchAsync"/>.</param>
    /// <returns>
    /// The number of rows this step wrote. Fewer than asked for means that the result is complete, or that the pipe's reader has gone; look at
    /// <see cref="JsonRowStream.State"/> to tell.
    /// </returns>
    /// <exception cref="InvalidOperationException">The document was ended.</exception>
    /// <exception cref="StreamRuntimeException">As for <see cref="JsonRowStream.ReadBatchAsync"/>; rows before the failure have been written and flushed.</exception>
    public async ValueTask<long> CopyAsync(long maxRows = long.MaxValue, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxRows);
        Begin();
        long left = maxRows;
        try
        {
            while (left > 0 && !_readerHasGone && await _stream.ReadBatchAsync(cancellationToken).ConfigureAwait(false))
            {
                int count = (int)Math.Min(left, _stream.Batch.Count);
                int written = await WriteBatchAsync(count, waits: true, cancellationToken).ConfigureAwait(false);
                left -= written;
                if (written < _stream.Batch.Count)
                {
                    _stream.TakeBack(written);
                }
            }
        }
        catch (StreamRuntimeException failure) when (_format == RowFormat.ServerSentEvents)
        {
            _formatter.Fail(_destination, failure);
            await _destination.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            throw;
        }

        return maxRows - left;
    }

    /// <summary>
    /// Writes the rows of the stream's current batch, as <see cref="JsonRowStream.ReadBatchAsync"/> has handed them out, and flushes. For a caller that has
    /// something to do between the receive and the write, such as a status line.
    /// </summary>
    /// <param name="cancellationToken">Cancels a flush that waits for the pipe's reader.</param>
    /// <returns>The number of rows written: the whole batch, or fewer when the pipe's reader has gone.</returns>
    /// <exception cref="InvalidOperationException">The document was ended.</exception>
    public ValueTask<int> CopyCurrentBatchAsync(CancellationToken cancellationToken = default)
    {
        Begin();
        return WriteBatchAsync(_stream.Batch.Count, waits: true, cancellationToken);
    }

    /// <summary>
    /// The same as <see cref="CopyCurrentBatchAsync"/>, but for the last flush, which is begun and left to go on while the next batch is received. The next step waits for it
    /// before it writes, so that at most one batch more is received for a pipe whose reader takes nothing. Until then nobody else may write to the pipe.
    /// </summary>
    /// <param name="cancellationToken">Cancels a flush that waits for the pipe's reader, also the one that is left to go on.</param>
    /// <returns>The number of rows written: the whole batch, or fewer when the pipe's reader has gone.</returns>
    /// <exception cref="InvalidOperationException">The document was ended.</exception>
    public ValueTask<int> WriteCurrentBatchAsync(CancellationToken cancellationToken = default)
    {
        Begin();
        return WriteBatchAsync(_stream.Batch.Count, waits: false, cancellationToken);
    }

    /// <summary>Waits for the flush that <see cref="WriteCurrentBatchAsync"/> has left under way, if it has left one.</summary>
    /// <returns>False when the pipe's reader has gone.</returns>
    /// <exception cref="OperationCanceledException">The flush was cancelled, by the token it was begun with.</exception>
    public async ValueTask<bool> EndFlushAsync()
    {
        if (_isFlushing)
        {
            _isFlushing = false;
            _readerHasGone = (await _flush.ConfigureAwait(false)).IsCompleted;
        }

        return !_readerHasGone;
    }

    /// <summary>Writes what closes the document, such as an array's bracket, and flushes. A document without it can't be taken for a whole one.</summary>
    /// <param name="cancellationToken">Cancels the flush.</param>
    public async ValueTask EndAsync(CancellationToken cancellationToken = default)
    {
        await EndFlushAsync().ConfigureAwait(false);
        Begin();
        _ended = true;
        _formatter.End(_destination);
        await _destination.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Gives the copy's memory back. Does not end the document.</summary>
    public ValueTask DisposeAsync() => _ownsWriter ? _destination.CompleteAsync() : default;

    /// <summary>Writes the first rows of the current batch; fewer than asked for when the pipe's reader has gone.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WriteBatchAsync(int count, bool waits, CancellationToken cancellationToken)
    {
        if (_isFlushing)
        {
            await EndFlushAsync().ConfigureAwait(false);
        }

        int written = 0;
        while (written < count && !_readerHasGone)
        {
            written += _formatter.Write(_stream.Batch, written, count, _destination);
            ValueTask<FlushResult> flush = _destination.FlushAsync(cancellationToken);
            if (!waits && written == count && !flush.IsCompleted)
            {
                _flush = flush;
                _isFlushing = true;
                break;
            }

            _readerHasGone = (await flush.ConfigureAwait(false)).IsCompleted;
        }

        return written;
    }

    private void Begin()
    {
        if (_ended)
        {
            throw new InvalidOperationException("The document was ended.");
        }

        if (!_begun)
        {
            _begun = true;
            _formatter.Begin(_destination);
        }
    }
}
