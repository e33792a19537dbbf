using System.IO.Pipelines;
using StreamRuntime.Buffers;
using StreamRuntime.Resuming;
using StreamRuntime.Streams;

namespace StreamRuntime.Sources;

/// <summary>Newline-delimited JSON from a file, a stream, a pipe or memory: one row a line.</summary>
/// <remarks>
/// A line ends with a line feed, before which one carriage return is dropped; the last line may end with the input. Empty lines are skipped. Rows are not
/// parsed. A file can be parked and continued; the others can't. One stream uses a source; not thread-safe by itself.
/// </remarks>
public sealed class NdjsonRowSource : IParkableRowSource
{
    private readonly IRowSource _lines;

    private NdjsonRowSource(IRowSource lines) => _lines = lines;

    /// <inheritdoc/>
    public string? ParkingRefusal => _lines switch
    {
        NdjsonFile { CanSeek: true } => null,
        NdjsonFile => "the file is a device or a pipe, in which a place can't be found again",
        _ => "only rows of a file can be found again, and not those of standard input, a stream, a pipe or memory",
    };

    /// <inheritdoc/>
    /// <remarks>Whichever file it is: what a place checks is the file's content.</remarks>
    public ResumeFingerprint Fingerprint => NdjsonFile.Fingerprint;

    private NdjsonFile File => (NdjsonFile)_lines;

    /// <summary>
    /// Reads a file. It can be parked: its place is the offset after a row, and whether it is still the same file is told by its length, by its first bytes and by those
    /// before the offset (4 KiB of each, by SHA-256). Rows that were appended meanwhile are read.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBufferedBytes">How much is read ahead at most, in bytes, one larger row excepted; 64 KiB by default.</param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Source"/>: the file can't be opened.</exception>
    public static NdjsonRowSource FromFile(string path, int maxBufferedBytes = 64 * 1024)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var file = new NdjsonFile(path, maxBufferedBytes);
        file.Open();
        return new NdjsonRowSource(file);
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
    public void StartAt(ReadOnlyMemory<byte> place) => File.StartAt(place.Span);

    /// <inheritdoc/>
    public byte[] GetPlace(int undelivered) => File.GetPlace(undelivered);

    /// <inheritdoc/>
    public ValueTask ParkAsync(ReadOnlyMemory<byte> place, bool rowsAreUsed) => File.ParkAsync(place.ToArray(), rowsAreUsed);

    /// <inheritdoc/>
    public ValueTask UnparkAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        File.Open();
        return default;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _lines.DisposeAsync();
}
