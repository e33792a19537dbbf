using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using StreamRuntime.Buffers;
using StreamRuntime.Streams;

namespace StreamRuntime.Sources;

/// <summary>Lines of somebody else's pipe, through the pipe's own contract.</summary>
internal sealed class NdjsonFromPipe(PipeReader input, bool leaveOpen) : IRowSource
{
    private readonly PipeReader _input = input;
    private SequencePosition _consumed;
    private SequencePosition _examined;
    private RowWriter? _rows;
    private bool _holds;
    private long _scanned;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
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
            ? AddLines(received.First, rows, (int)_scanned, read.IsCompleted)
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

    public int ReleaseIdleMemory()
    {
        Release();
        return (int)Math.Min(int.MaxValue, _scanned);
    }

    public async ValueTask DisposeAsync()
    {
        Release();
        if (_input is ReceivePipeReader reader && _rows is { Count: > 0 })
        {
            // The consumer may still hold rows that lie in the reader's buffer.
            reader.Detach();
        }

        if (!leaveOpen)
        {
            await _input.CompleteAsync().ConfigureAwait(false);
        }
    }

    private static int AddLines(ReadOnlyMemory<byte> bytes, RowWriter rows, int scanned, bool last)
    {
        rows.Attach(bytes);
        return NdjsonLines.Add(bytes.Span, rows, scanned, last);
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
