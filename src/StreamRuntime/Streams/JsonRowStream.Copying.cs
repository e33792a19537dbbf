using System.IO.Pipelines;

namespace StreamRuntime.Streams;

public sealed partial class JsonRowStream
{
    /// <summary>Writes every remaining row to a pipe, straight from the receive buffer, at the pace the pipe takes them.</summary>
    /// <param name="destination">Where to write; left open. Its back-pressure holds the source back.</param>
    /// <param name="format">How to write.</param>
    /// <param name="cancellationToken">As for <see cref="ReadBatchAsync"/>.</param>
    /// <returns>
    /// The number of rows written. When the pipe's reader has gone, writing stops early with the stream still open, so look at
    /// <see cref="State"/> to tell.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The format is none of <see cref="RowFormat"/>.</exception>
    /// <exception cref="StreamRuntimeException">As for <see cref="ReadBatchAsync"/>; rows before the failure have been written and flushed.</exception>
    public ValueTask<long> CopyToAsync(PipeWriter destination, RowFormat format = RowFormat.Ndjson, CancellationToken cancellationToken = default) =>
        CopyAllAsync(RowCopy.Create(this, destination, format), cancellationToken);

    /// <summary>Writes every remaining row to a stream, in one write a batch.</summary>
    /// <param name="destination">Where to write; left open, and not flushed.</param>
    /// <param name="format">How to write.</param>
    /// <param name="cancellationToken">As for <see cref="ReadBatchAsync"/>.</param>
    /// <returns>The number of rows written.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The format is none of <see cref="RowFormat"/>.</exception>
    /// <exception cref="IOException">The destination failed; the stream stays open.</exception>
    /// <exception cref="StreamRuntimeException">As for <see cref="ReadBatchAsync"/>; rows before the failure have been written.</exception>
    public ValueTask<long> CopyToAsync(Stream destination, RowFormat format = RowFormat.Ndjson, CancellationToken cancellationToken = default) =>
        CopyAllAsync(RowCopy.Create(this, destination, format), cancellationToken);

    /// <summary>The rows of the current batch, for a copy of this stream.</summary>
    internal RowWriter Batch => _rows;

    private async ValueTask<long> CopyAllAsync(RowCopy copy, CancellationToken cancellationToken)
    {
        await using (copy.ConfigureAwait(false))
        {
            await copy.CopyAsync(long.MaxValue, cancellationToken).ConfigureAwait(false);

            // The stream ends by the read after the last batch, so a copy that was left early has not seen it end.
            if (State == StreamState.Complete)
            {
                await copy.EndAsync(cancellationToken).ConfigureAwait(false);
            }

            return copy.Rows;
        }
    }

    /// <summary>Makes the rows of the batch from <paramref name="first"/> on undelivered, as an enumeration left in mid-batch does.</summary>
    internal void TakeBack(int first)
    {
        // As a reader, so that the stream is not parked in between. Where a disposer has come first, nobody reads any more, and only the counts are left to be right.
        bool isReader = _lease.TryEnter();
        long bytes = 0;
        foreach (RowSpan row in _rows.Rows[first..])
        {
            bytes += row.Length;
        }

        _rows.IsHandedOut = false;
        _cursor = first;
        Volatile.Write(ref _rowsDelivered, _rowsDelivered - (_rows.Count - first));
        Volatile.Write(ref _bytesDelivered, _bytesDelivered - bytes);
        if (isReader)
        {
            LeaveLease();
        }
    }
}
