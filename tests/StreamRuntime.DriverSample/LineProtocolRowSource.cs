using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;
using StreamRuntime.Buffers;
using StreamRuntime.Streams;

namespace StreamRuntime.DriverSample;

/// <summary>A driver in one class, for a server that is sent <c>QUERY text</c> and answers in lines: <c>ROW json</c> or <c>NULL</c>, and at last <c>END n</c> or <c>ERROR message</c>.</summary>
/// <remarks>The connection is the query's own, and is closed with it. One stream uses a source; not thread-safe by itself.</remarks>
public sealed class LineProtocolRowSource(Stream connection) : IRowSource
{
    private const int PrefixBytes = 4; // of "ROW "
    private readonly Stream _connection = connection;
    private readonly ReceivePipeReader _input = new(connection);
    private RowWriter? _rows;
    private int _taken, _searched;
    private long _count;
    private bool _isOver, _isDisposed;

    /// <summary>Sends a query, which must be one line; its rows are received when the stream asks for them.</summary>
    public static async Task<LineProtocolRowSource> StartAsync(Stream connection, string query, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(query.IndexOf('\n'), 0, nameof(query));
        await connection.WriteAsync(Encoding.UTF8.GetBytes($"QUERY {query}\n"), cancellationToken).ConfigureAwait(false);
        return new LineProtocolRowSource(connection);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
        _rows = rows;
        _input.MaxBufferedBytes = rows.MaxBufferedBytes;
        _input.Consume(_taken);
        _taken = 0;
        int received;
        try
        {
            received = await _input.ReceiveAsync(0, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException lost)
        {
            throw new StreamRuntimeException(ErrorKind.ConnectionLost, $"The connection was lost: {lost.Message}", lost, isTransient: true);
        }

        rows.Attach(_input.Buffered);
        while (!_isOver && _input.BufferedSpan[(_taken + _searched)..].IndexOf((byte)'\n') is >= 0 and int feed)
            TakeLine(rows, _input.BufferedSpan.Slice(_taken, _searched + feed));

        _searched = _isOver ? 0 : _input.Buffered.Length - _taken;
        rows.CheckRowSize(_searched - PrefixBytes); // before more room is made for a row that has not ended
        if (received == 0 && !_isOver)
            throw new StreamRuntimeException(ErrorKind.ConnectionLost, "The server hung up before the end of the result.", isTransient: true);
        return !_isOver;
    }

    /// <inheritdoc/>
    public int ReleaseIdleMemory()
    {
        _input.Consume(_taken);
        _taken = 0;
        _input.ReleaseIdleMemory();
        return _input.Buffered.Length;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        if (_rows is { Count: > 0 }) _input.Detach(); // whoever looks at the last rows keeps them
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        try
        {
            if (!_isOver) await _connection.WriteAsync("CANCEL\n"u8.ToArray(), limit.Token).ConfigureAwait(false);
        }
        catch (Exception deaf) when (deaf is IOException or OperationCanceledException) { /* Closing tells the server as well. */ }
        await _input.CompleteAsync().ConfigureAwait(false);
    }

    private void TakeLine(RowWriter rows, ReadOnlySpan<byte> line)
    {
        int start = _taken;
        (_taken, _searched) = (start + line.Length + 1, 0);
        if (line.StartsWith("ROW "u8)) rows.Add(start + PrefixBytes, line.Length - PrefixBytes);
        else if (line.SequenceEqual("NULL"u8) && "null"u8.TryCopyTo(MemoryMarshal.AsMemory(_input.Buffered).Span[start..])) rows.Add(start, 4); // in its place
        else if (line.StartsWith("ERROR "u8)) Fail(ErrorKind.Server, Encoding.UTF8.GetString(line[6..]));
        else if (line.StartsWith("END "u8) && Utf8Parser.TryParse(line[4..], out long count, out _) && count == _count) _isOver = true;
        else Fail(ErrorKind.Protocol, $"The server sent what no line begins with, or counts other rows than the {_count} that came.");
        _count++;
    }

    private void Fail(ErrorKind kind, string message)
    {
        _isOver = true; // there is nothing left to cancel
        throw new StreamRuntimeException(kind, message);
    }
}
