using System.Buffers;
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
    // Rows are written and flushed in pieces of at least this size: large enough to be worth a write, small enough to hold a slow destination's memory down.
    private const int PieceBytes = 32 * 1024;

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
        ReadOnlySpan<byte> before = Before;
        ReadOnlySpan<byte> after = After;
        byte[] bytes = batch.Bytes;
        ReadOnlySpan<RowSpan> rows = batch.Rows[from..to];
        Span<byte> piece = destination.GetSpan(Math.Max(PieceBytes, before.Length + rows[0].Length + after.Length));
        int written = 0;
        int count = 0;
        foreach (RowSpan place in rows)
        {
            if (piece.Length - written < before.Length + place.Length + after.Length)
            {
                break;
            }

            if (_format != RowFormat.JsonArray || Rows + count > 0)
            {
                before.CopyTo(piece[written..]);
                written += before.Length;
            }

            ReadOnlySpan<byte> row = bytes.AsSpan(place.Offset, place.Length);
            if (oneLine)
            {
                RowText.CopyOnOneLine(row, piece[written..]);
            }
            else
            {
                row.CopyTo(piece[written..]);
            }

            written += row.Length;
            if (after.Length == 1)
            {
                piece[written++] = after[0];
            }
            else
            {
                after.CopyTo(piece[written..]);
                written += after.Length;
            }

            count++;
        }

        destination.Advance(written);
        Rows += count;
        return count;
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
