using System.Buffers;
using System.IO.Pipelines;
using StreamRuntime.Buffers;
using StreamRuntime.Streams;

namespace StreamRuntime.Sources;

/// <summary>Newline-delimited JSON from a file, a stream or a pipe: one row a line.</summary>
/// <remarks>
/// A line ends with a line feed, before which one carriage return is dropped; the last line may end with the input. Empty lines are skipped. Rows are not
/// parsed. One stream uses a source; not thread-safe by itself.
/// </remarks>
public sealed class NdjsonRowSource : IRowSource
{
    private readonly PipeReader _input;
    private readonly bool _leaveOpen;
    private SequencePosition _consumed;
    private SequencePosition _examined;
    private RowWriter? _rows;
    private bool _holds;
    private long _scanned;

    private NdjsonRowSource(PipeReader input, bool leaveOpen)
    {
        _input = input;
        _leaveOpen = leaveOpen;
    }

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
        new(new ReceivePipeReader(stream, maxBufferedBytes, leaveOpen), leaveOpen: false);

    /// <summary>
    /// Reads a pipe. Rows are pointed out in place while the pipe hands out one segment at a time; several segments are put
    /// together by one copy. How much is read ahead is the pipe's own affair.
    /// </summary>
    /// <param name="reader">The pipe.</param>
    /// <param name="leaveOpen">False completes the reader at the end.</param>
    public static NdjsonRowSource FromPipe(PipeReader reader, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return new NdjsonRowSource(reader, leaveOpen);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rows);
        Release();
        ReadResult read;
        try
        {
            read = await _input.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not StreamRuntimeException && !cancellationToken.IsCancellationRequested)
        {
            throw new StreamRuntimeException(ErrorKind.Source, $"Reading failed: {failure.Message}", failure);
        }

        ReadOnlySequence<byte> received = read.Buffer;

        // From here on an exception leaves the bytes held, for the next call or the end to release.
        _rows = rows;
        _holds = true;
        _examined = received.End;
        _consumed = received.Start;
        long taken = received.IsSingleSegment
            ? AddLinesInPlace(received.First, rows, (int)_scanned, read.IsCompleted)
            : CopyLines(received, rows, _scanned, read.IsCompleted);
        _consumed = received.GetPosition(taken);
        _scanned = received.Length - taken;
        if (_scanned > rows.MaxRowBytes)
        {
            // A carriage return at the very end may turn out to belong to the line's end.
            bool mayEnd = received.Slice(received.Length - 1).FirstSpan[0] == (byte)'\r';
            rows.CheckRowSize(_scanned - (mayEnd ? 1 : 0));
        }

        return !read.IsCompleted;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Release();
        if (_input is ReceivePipeReader reader && _rows is { Count: > 0 })
        {
            // The consumer may still hold rows that lie in the reader's buffer.
            reader.Detach();
        }

        if (!_leaveOpen)
        {
            await _input.CompleteAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Adds every whole line; returns how many bytes they take. Bytes before <paramref name="scanned"/> are known to hold no line end.</summary>
    private static int AddLinesInPlace(ReadOnlyMemory<byte> bytes, RowWriter rows, int scanned, bool last)
    {
        rows.Attach(bytes);
        int taken = LineScanner.AddLines(bytes.Span, rows, scanned);
        if (last)
        {
            LineScanner.AddLastLine(bytes.Span, rows, taken);
            taken = bytes.Length;
        }

        return taken;
    }

    /// <summary>The same for bytes in several segments: each line is put together in the stream's own memory.</summary>
    private static long CopyLines(ReadOnlySequence<byte> received, RowWriter rows, long scanned, bool last)
    {
        ReadOnlySequence<byte> rest = received;
        SequencePosition? end = rest.Slice(scanned).PositionOf((byte)'\n');
        while (end is { } position)
        {
            CopyLine(rest.Slice(0, position), rows);
            rest = rest.Slice(rest.GetPosition(1, position));
            end = rest.PositionOf((byte)'\n');
        }

        if (last && !rest.IsEmpty)
        {
            CopyLine(rest, rows);
            rest = default;
        }

        rows.ReportHeld((int)Math.Min(int.MaxValue, rest.Length));
        return received.Length - rest.Length;
    }

    private static void CopyLine(ReadOnlySequence<byte> line, RowWriter rows)
    {
        if (!line.IsEmpty && line.Slice(line.Length - 1).FirstSpan[0] == (byte)'\r')
        {
            line = line.Slice(0, line.Length - 1);
        }

        if (line.IsEmpty)
        {
            return;
        }

        rows.CheckRowSize(line.Length);
        foreach (ReadOnlyMemory<byte> segment in line)
        {
            rows.Write(segment.Span);
        }

        rows.EndRow();
    }

    private void Release()
    {
        if (_holds)
        {
            _holds = false;
            _input.AdvanceTo(_consumed, _examined);
        }
    }
}
