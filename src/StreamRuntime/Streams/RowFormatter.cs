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
    // Rows are written into pieces of at least this size, so that a destination is asked for room once in many rows.
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

    public void Write(RowWriter batch, int count, IBufferWriter<byte> destination)
    {
        bool oneLine = batch.HasLineBreaks && _format != RowFormat.JsonArray;
        ReadOnlySpan<byte> before = Before;
        ReadOnlySpan<byte> after = After;
        byte[] bytes = batch.Bytes;
        Span<byte> piece = default;
        int written = 0;
        bool first = Rows == 0;
        foreach (RowSpan place in batch.Rows[..count])
        {
            ReadOnlySpan<byte> row = bytes.AsSpan(place.Offset, place.Length);
            int needed = before.Length + row.Length + after.Length;
            if (piece.Length - written < needed)
            {
                destination.Advance(written);
                piece = destination.GetSpan(Math.Max(PieceBytes, needed));
                written = 0;
            }

            if (!first || _format != RowFormat.JsonArray)
            {
                before.CopyTo(piece[written..]);
                written += before.Length;
            }

            first = false;
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
        }

        destination.Advance(written);
        Rows += count;
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
