using System.Buffers.Binary;
using StreamRuntime.Benchmarks.Wire;

namespace StreamRuntime.Benchmarks.Clients;

/// <summary>The least a client can do with what it receives: goes from message to message and sums the rows' lengths.</summary>
internal sealed class RowWalker
{
    private const int ReceiveBytes = 64 * 1024;
    private const int HeaderBytes = 5;

    private byte[] _buffer = new byte[ReceiveBytes];
    private int _held;
    private long _rows;
    private long _bytes;

    /// <summary>The question in extended protocol, with one round trip.</summary>
    public static FrontendWriter Ask(string sql) => new FrontendWriter().Parse(sql).Bind(format: 0).Describe('P').Execute().Sync();

    /// <summary>Where the next bytes belong.</summary>
    public Memory<byte> Free => _buffer.AsMemory(_held);

    public RowTotals Totals => new(_rows, _bytes);

    public void Begin()
    {
        _held = 0;
        _rows = 0;
        _bytes = 0;
    }

    /// <summary>Looks at received bytes; true when the result has ended.</summary>
    /// <param name="received">How many bytes were received into <see cref="Free"/>.</param>
    /// <param name="isCancelled">True when the server was asked to end the query, and may say so.</param>
    /// <exception cref="InvalidDataException">The server reported an error, or hung up.</exception>
    public bool Take(int received, bool isCancelled = false)
    {
        if (received == 0)
        {
            throw new InvalidDataException("The server closed the connection before the result was complete.");
        }

        ReadOnlySpan<byte> bytes = _buffer.AsSpan(0, _held + received);
        long rows = 0;
        long sum = 0;
        int at = 0;
        int message = 0;
        bool ended = false;
        while (bytes.Length - at >= HeaderBytes)
        {
            message = 1 + BinaryPrimitives.ReadInt32BigEndian(bytes[(at + 1)..]);
            if (bytes.Length - at < message)
            {
                break;
            }

            if (bytes[at] == (byte)'D')
            {
                rows++;
                sum += BinaryPrimitives.ReadInt32BigEndian(bytes[(at + 7)..]);
            }
            else if (bytes[at] == (byte)'E' && !isCancelled)
            {
                throw new InvalidDataException("The server reported an error.");
            }

            ended = bytes[at] == (byte)'Z';
            at += message;
        }

        _rows += rows;
        _bytes += sum;
        Keep(bytes[at..], message);
        return ended;
    }

    private void Keep(ReadOnlySpan<byte> rest, int message)
    {
        byte[] buffer = message > _buffer.Length ? new byte[message] : _buffer;
        rest.CopyTo(buffer);
        _buffer = buffer;
        _held = rest.Length;
    }
}
