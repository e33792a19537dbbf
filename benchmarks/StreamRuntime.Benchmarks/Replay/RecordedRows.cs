using System.Buffers.Binary;

namespace StreamRuntime.Benchmarks.Replay;

/// <summary>One table's rows as a server sent them in one format, and what it sent before them.</summary>
/// <remarks>
/// Some thousand rows stand for any number: they are sent again and again until the count is reached. To a client that is the same work, since it
/// can't tell, and they stay in the processor's cache, so that sending them keeps the server as little as may be.
/// </remarks>
internal sealed class RecordedRows
{
    // Type, length, number of columns, length of the column.
    private const int FramingBytes = 1 + 4 + 2 + 4;

    private readonly int[] _ends;

    /// <param name="description">The RowDescription.</param>
    /// <param name="messages">The DataRows, of one column that is not null.</param>
    /// <exception cref="InvalidDataException">They are something else.</exception>
    public RecordedRows(byte[] description, byte[] messages)
    {
        Description = description;
        Messages = messages;
        List<int> ends = [];
        for (int at = 0; at < messages.Length; ends.Add(at))
        {
            at += CountBytes(messages.AsSpan(at)) ?? throw new InvalidDataException($"At byte {at} of {messages.Length} stands no row of one column.");
        }

        _ends = [.. ends];
    }

    /// <summary>The RowDescription that a portal of this format is described with.</summary>
    public byte[] Description { get; }

    /// <summary>The DataRow messages, one after the other.</summary>
    public byte[] Messages { get; }

    public int Count => _ends.Length;

    /// <summary>The bytes of the messages of some rows that follow each other, of which there are no more than were recorded.</summary>
    public ReadOnlyMemory<byte> Slice(int first, int rows) => Messages.AsMemory(StartOf(first)..StartOf(first + rows));

    /// <summary>How many bytes the values of any number of rows have together.</summary>
    public long CountValueBytes(long rows) => rows == 0 ? 0 : (rows / Count * Messages.Length) + StartOf((int)(rows % Count)) - (rows * FramingBytes);

    private int StartOf(int row) => row == 0 ? 0 : _ends[row - 1];

    private static int? CountBytes(ReadOnlySpan<byte> from)
    {
        if (from.Length < FramingBytes || from[0] != (byte)'D' || BinaryPrimitives.ReadInt16BigEndian(from[5..]) != 1)
        {
            return null;
        }

        int value = BinaryPrimitives.ReadInt32BigEndian(from[7..]);
        int message = 1 + BinaryPrimitives.ReadInt32BigEndian(from[1..]);
        return value >= 0 && message == FramingBytes + value && message <= from.Length ? message : null;
    }
}
