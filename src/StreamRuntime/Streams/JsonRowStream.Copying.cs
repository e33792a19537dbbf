using System.IO.Pipelines;
using StreamRuntime.Buffers;

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
    public async ValueTask<long> CopyToAsync(PipeWriter destination, RowFormat format = RowFormat.Ndjson, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var formatter = new RowFormatter(format);
        formatter.Begin(destination);
        try
        {
            while (await ReadBatchAsync(cancellationToken).ConfigureAwait(false))
            {
                formatter.Write(_rows, destination);
                FlushResult flushed = await destination.FlushAsync(cancellationToken).ConfigureAwait(false);
                if (flushed.IsCompleted)
                {
                    return formatter.Rows;
                }
            }
        }
        catch (StreamRuntimeException failure) when (format == RowFormat.ServerSentEvents)
        {
            formatter.Fail(destination, failure);
            await destination.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            throw;
        }

        formatter.End(destination);
        await destination.FlushAsync(cancellationToken).ConfigureAwait(false);
        return formatter.Rows;
    }

    /// <summary>Writes every remaining row to a stream, in one write a batch.</summary>
    /// <param name="destination">Where to write; left open, and not flushed.</param>
    /// <param name="format">How to write.</param>
    /// <param name="cancellationToken">As for <see cref="ReadBatchAsync"/>.</param>
    /// <returns>The number of rows written.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The format is none of <see cref="RowFormat"/>.</exception>
    /// <exception cref="IOException">The destination failed; the stream stays open.</exception>
    /// <exception cref="StreamRuntimeException">As for <see cref="ReadBatchAsync"/>; rows before the failure have been written.</exception>
    public async ValueTask<long> CopyToAsync(Stream destination, RowFormat format = RowFormat.Ndjson, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var writer = new PooledStreamPipeWriter(destination, mostKept: 2 * (long)_options.MaxBufferedBytes);
        try
        {
            return await CopyToAsync(writer, format, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await writer.CompleteAsync().ConfigureAwait(false);
        }
    }
}
