using System.IO.Pipelines;
using StreamRuntime.Buffers;
using StreamRuntime.Streams;

namespace StreamRuntime.Sources;

/// <summary>Newline-delimited JSON from a file, a stream, a pipe or memory: one row a line.</summary>
/// <remarks>
/// A line ends with a line feed, before which one carriage return is dropped; the last line may end with the input. Empty lines are skipped. Rows are not
/// parsed. One stream uses a source; not thread-safe by itself.
/// </remarks>
public sealed class NdjsonRowSource : IRowSource
{
    private readonly IRowSource _lines;

    private NdjsonRowSource(IRowSource lines) => _lines = lines;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBufferedBytes">How much is read ahead at most, in bytes, one larger row excepted; 64 KiB by default.</param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Source"/>: the file can't be opened.</exception>
    public static NdjsonRowSource FromFile(string path, int maxBufferedBytes = 64 * 1024)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            // No buffer of its own: the reader's is large enough, and one copy is enough.
            return FromStream(
                new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan),
                maxBufferedBytes);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new StreamRuntimeException(ErrorKind.Source, $"The file '{path}' can't be read: {failure.Message}", failure);
        }
    }

    /// <summary>Reads a stream, such as standard input.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="maxBufferedBytes">As for <see cref="FromFile"/>.</param>
    /// <param name="leaveOpen">False disposes the stream at the end.</param>
    public static NdjsonRowSource FromStream(Stream stream, int maxBufferedBytes = 64 * 1024, bool leaveOpen = false) =>
        new(new NdjsonFromStream(new ReceivePipeReader(stream, maxBufferedBytes, leaveOpen)));

    /// <summary>
    /// Reads a pipe. Rows are pointed out in place while the pipe hands out one segment at a time; several segments are put
    /// together by one copy. How much is read ahead is the pipe's own affair.
    /// </summary>
    /// <param name="reader">The pipe.</param>
    /// <param name="leaveOpen">False completes the reader at the end.</param>
    public static NdjsonRowSource FromPipe(PipeReader reader, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return new NdjsonRowSource(new NdjsonFromPipe(reader, leaveOpen));
    }

    /// <summary>
    /// Reads lines that are in memory already. Rows are pointed out where they lie, without a copy or a buffer; each receive hands out as many as fit in
    /// the stream's <see cref="JsonRowStreamOptions.MaxBufferedBytes"/>, or one larger row.
    /// </summary>
    /// <param name="lines">
    /// The lines. They must stay as they are while the stream is open, and after that for as long as its last rows are used. Memory that is no array's
    /// is copied, as much as one receive hands out.
    /// </param>
    public static NdjsonRowSource FromMemory(ReadOnlyMemory<byte> lines) => new(new NdjsonFromMemory(lines));

    /// <inheritdoc/>
    public string Description => "ndjson";

    /// <inheritdoc/>
    public ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return _lines.ReceiveAsync(rows, cancellationToken);
    }

    /// <inheritdoc/>
    public int ReleaseIdleMemory() => _lines.ReleaseIdleMemory();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _lines.DisposeAsync();
}
