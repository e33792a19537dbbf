using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text.Json;

namespace StreamRuntime.Streams;

/// <summary>Writes batches of rows in one of the formats.</summary>
/// <remarks>
/// The separators of a format surround every row alike, so one loop serves all: what comes before a row, the row, what comes after it.
/// Not thread-safe.
/// </remarks>
internal struct RowFormatter
{
    // Rows are written and flushed in pieces of at least this size: large enough to be worth a write, small enough to hold a slow destination's memory down. A little
    // less than a power of two, of which pools make their arrays: with what a destination adds of its own, such as a chunk's size, it would else take an array twice as large.
    private const int PieceBytes = 32 * 1024 - 64;

    // A word before a row and a word after it, of which no format uses more than six bytes.
    private const int MostFramingBytes = 2 * sizeof(ulong);

    private readonly RowFormat _format;

    public RowFormatter(RowFormat format)
    {
        if (format > RowFormat.ServerSentEvents)
        {
            throw new ArgumentOutOfRangeException(nameof(format), format, "The format is none of RowFormat.");
        }

        _format = format;
    }

    public long Rows { get; private set; }

    private readonly ReadOnlySpan<byte> Before => _format switch
    {
        RowFormat.JsonArray => ",\n"u8,
        RowFormat.ServerSentEvents => "data: "u8,
        _ => [],
    };

    private readonly ReadOnlySpan<byte> After => _format switch
    {
        RowFormat.JsonArray => [],
        RowFormat.ServerSentEvents => "\n\n"u8,
        _ => "\n"u8,
    };

    public readonly void Begin(IBufferWriter<byte> destination)
    {
        if (_format == RowFormat.JsonArray)
        {
            destination.Write("["u8);
        }
    }

    /// <summary>
    /// Writes rows of a batch, from one of them up to another, as long as they fit in one piece of the destination's room: at least one row.
    /// </summary>
    /// <returns>How many rows were written. The caller flushes before it goes on, so that no destination has to hold a whole batch.</returns>
    public int Write(RowWriter batch, int from, int to, IBufferWriter<byte> destination)
    {
        bool oneLine = batch.HasLineBreaks && _format != RowFormat.JsonArray;
        ReadOnlySpan<RowSpan> rows = batch.Rows[from..to];
        Span<byte> piece = destination.GetSpan(Math.Max(PieceBytes, rows[0].Length + MostFramingBytes));
        piece = piece[..FairShare(rows, piece.Length)];
        int written = 0;
        int count = oneLine ? WriteOnOneLine(batch.Bytes, rows, piece, ref written)
            : _format == RowFormat.Ndjson ? WriteLines(batch.Bytes, rows, piece, ref written)
            : WriteFramed(batch.Bytes, rows, piece, ref written);
        destination.Advance(written);
        Rows += count;
        return count;
    }

    /// <summary>So much of the room that all pieces of the rows are about alike: a last one with a row or two costs as much to send as a full one.</summary>
    private readonly int FairShare(ReadOnlySpan<RowSpan> rows, int room)
    {
        // Rows lie in their order, and what lies between them is no more than a few bytes too much.
        long all = (long)rows[^1].Offset + rows[^1].Length - rows[0].Offset + (long)rows.Length * (Before.Length + After.Length);
        if (all <= room)
        {
            return room;
        }

        // No piece is fuller than to a row's length of its end.
        long row = all / rows.Length;
        long full = Math.Max(1, room - row - MostFramingBytes);
        long pieces = (all + full - 1) / full;
        return (int)Math.Min(room, Math.Max(all / pieces + row, rows[0].Length) + MostFramingBytes);
    }

    /// <summary>Rows that lie as lines in the batch, one behind the other, are copied as they lie.</summary>
    private static int WriteLines(byte[] bytes, ReadOnlySpan<RowSpan> rows, Span<byte> piece, ref int written)
    {
        int at = 0;
        int next = 0;
        while (next < rows.Length)
        {
            int start = rows[next].Offset;
            int end = start + rows[next].Length;
            int room = piece.Length - at - 1;
            if (end - start > room)
            {
                break;
            }

            for (next++; next < rows.Length && rows[next].Offset == end + 1 && bytes[end] == (byte)'\n'; next++)
            {
                int endOfNext = end + 1 + rows[next].Length;
                if (endOfNext - start > room)
                {
                    break;
                }

                end = endOfNext;
            }

            bytes.AsSpan(start, end - start).CopyTo(piece[at..]);
            at += end - start;
            piece[at++] = (byte)'\n';
        }

        written = at;
        return next;
    }

    /// <summary>What stands before and after a row is written as one word each; what is too much of it is written over by what follows.</summary>
    private readonly int WriteFramed(byte[] bytes, ReadOnlySpan<RowSpan> rows, Span<byte> piece, ref int written)
    {
        ulong before = ToWord(Before);
        ulong after = ToWord(After);
        int beforeLength = Before.Length;
        int afterLength = After.Length;
        bool isFirst = _format == RowFormat.JsonArray && Rows == 0;
        int at = 0;
        int count = 0;
        foreach (RowSpan place in rows)
        {
            if (piece.Length - at < place.Length + MostFramingBytes)
            {
                break;
            }

            if (!isFirst)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(piece[at..], before);
                at += beforeLength;
            }

            isFirst = false;
            bytes.AsSpan(place.Offset, place.Length).CopyTo(piece[at..]);
            at += place.Length;
            BinaryPrimitives.WriteUInt64LittleEndian(piece[at..], after);
            at += afterLength;
            count++;
        }

        written = at;
        return count;
    }

    /// <summary>For the rare rows whose line breaks must become spaces.</summary>
    private readonly int WriteOnOneLine(byte[] bytes, ReadOnlySpan<RowSpan> rows, Span<byte> piece, ref int written)
    {
        int at = 0;
        int count = 0;
        foreach (RowSpan place in rows)
        {
            if (piece.Length - at < place.Length + MostFramingBytes)
            {
                break;
            }

            Before.CopyTo(piece[at..]);
            at += Before.Length;
            RowText.CopyOnOneLine(bytes.AsSpan(place.Offset, place.Length), piece[at..]);
            at += place.Length;
            After.CopyTo(piece[at..]);
            at += After.Length;
            count++;
        }

        written = at;
        return count;
    }

    private static ulong ToWord(ReadOnlySpan<byte> text)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        text.CopyTo(word);
        return BinaryPrimitives.ReadUInt64LittleEndian(word);
    }

    public readonly void End(IBufferWriter<byte> destination)
    {
        switch (_format)
        {
            case RowFormat.JsonArray:
                destination.Write("]\n"u8);
                break;
            case RowFormat.ServerSentEvents:
                Span<byte> number = stackalloc byte[20];
                Utf8Formatter.TryFormat(Rows, number, out int digits);
                destination.Write("event: complete\ndata: {\"rows\":"u8);
                destination.Write(number[..digits]);
                destination.Write("}\n\n"u8);
                break;
        }
    }

    /// <summary>The event that tells a broken result from a whole one; the other formats tell it by not being ended.</summary>
    public readonly void Fail(IBufferWriter<byte> destination, StreamRuntimeException failure)
    {
        destination.Write("event: error\ndata: "u8);
        using (var json = new Utf8JsonWriter(destination))
        {
            json.WriteStartObject();
            json.WriteString("error"u8, failure.Kind.ToString());
            if (failure.SqlState is { } sqlState)
            {
                json.WriteString("sqlState"u8, sqlState);
            }

            json.WriteString("message"u8, failure.Message);
            json.WriteNumber("rows"u8, Rows);
            json.WriteEndObject();
        }

        destination.Write("\n\n"u8);
    }
}
