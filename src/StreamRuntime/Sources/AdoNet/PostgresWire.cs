using System.Buffers.Binary;
using System.Net;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>
/// PostgreSQL's values and arrays as they came. Npgsql's own arrays may have no NULL in them unless a setting allows it, and hold only what their element type can.
/// </summary>
internal static class PostgresWire
{
    private const int MostDimensions = 6;

    /// <summary>How an element is written, by the name of its type; null for types whose bytes are nobody's but Npgsql's.</summary>
    public static WireFormat? FindFormat(string typeName) => typeName switch
    {
        "boolean" => static (wire, output) => Write(wire, 1, static (w, o) => o.Write(w[0] != 0 ? "true"u8 : "false"u8), output),
        "smallint" => static (wire, output) => Write(wire, 2, static (w, o) => JsonNumberText.Write(BinaryPrimitives.ReadInt16BigEndian(w), o), output),
        "integer" => static (wire, output) => Write(wire, 4, static (w, o) => JsonNumberText.Write(BinaryPrimitives.ReadInt32BigEndian(w), o), output),
        "bigint" => static (wire, output) => Write(wire, 8, static (w, o) => JsonNumberText.Write(BinaryPrimitives.ReadInt64BigEndian(w), o), output),
        "real" => static (wire, output) => Write(wire, 4, static (w, o) => JsonNumberText.Write(BinaryPrimitives.ReadSingleBigEndian(w), o), output),
        "double precision" => static (wire, output) => Write(wire, 8, static (w, o) => JsonNumberText.Write(BinaryPrimitives.ReadDoubleBigEndian(w), o), output),
        "date" => static (wire, output) => Write(wire, 4, static (w, o) => PostgresText.WriteDate(BinaryPrimitives.ReadInt32BigEndian(w), o), output),
        "time without time zone" => static (wire, output) => Write(wire, 8, static (w, o) => PostgresText.WriteTime(BinaryPrimitives.ReadInt64BigEndian(w), o), output),
        "timestamp without time zone" => static (wire, output) => Write(wire, 8, static (w, o) => PostgresText.WriteTimestamp(BinaryPrimitives.ReadInt64BigEndian(w), o), output),
        "timestamp with time zone" => static (wire, output) => Write(wire, 8, static (w, o) => PostgresText.WriteTimestampWithZone(BinaryPrimitives.ReadInt64BigEndian(w), o), output),
        "uuid" => static (wire, output) => Write(wire, 16, static (w, o) => JsonValue.WriteGuid(new Guid(w, bigEndian: true), o), output),
        "numeric" => PostgresText.TryWriteNumeric,
        "interval" => PostgresText.TryWriteInterval,
        "time with time zone" => PostgresText.TryWriteTimeWithZone,
        "oid" or "xid" or "cid" => static (wire, output) => Write(wire, 4, static (w, o) => WriteQuoted(BinaryPrimitives.ReadUInt32BigEndian(w), o), output),
        "xid8" => static (wire, output) => Write(wire, 8, static (w, o) => WriteQuoted(BinaryPrimitives.ReadUInt64BigEndian(w), o), output),
        "money" => static (wire, output) => Write(wire, 8, static (w, o) => JsonNumberText.Write(BinaryPrimitives.ReadInt64BigEndian(w) * 0.01m, o), output),
        "\"char\"" or "char" => TryWriteOneByte,
        "oidvector" => static (wire, output) => TryWriteArray(wire, FindFormat("oid")!, output),
        "int4range" or "int8range" or "numrange" or "daterange" or "tsrange" or "tstzrange" => PostgresRange.Format(FindFormat(Bound(typeName))!),
        "int4multirange" or "int8multirange" or "nummultirange" or "datemultirange" or "tsmultirange" or "tstzmultirange" =>
            PostgresRange.MultiFormat(FindFormat(Bound(typeName))!),
        "inet" => static (wire, output) => TryWriteAddress(wire, alwaysWithBits: false, output),
        "cidr" => static (wire, output) => TryWriteAddress(wire, alwaysWithBits: true, output),
        "json" or "jsonb" => TryWriteJson,
        _ when NpgsqlColumns.IsText(typeName) => TryWriteText,
        _ => null,
    };

    /// <summary>Writes an array: its dimensions, then its elements, each with its length.</summary>
    public static bool TryWriteArray(ReadOnlySpan<byte> wire, WireFormat element, RowBuffer output)
    {
        const int HeadBytes = 3 * sizeof(int);
        const int DimensionBytes = 2 * sizeof(int);
        if (wire.Length < HeadBytes)
        {
            return false;
        }

        int dimensions = BinaryPrimitives.ReadInt32BigEndian(wire);
        if ((uint)dimensions > MostDimensions || wire.Length < HeadBytes + (dimensions * DimensionBytes))
        {
            return false;
        }

        if (dimensions == 0)
        {
            output.Write("[]"u8);
            return true;
        }

        Span<int> lengths = stackalloc int[MostDimensions];
        lengths = lengths[..dimensions];
        for (int i = 0; i < dimensions; i++)
        {
            lengths[i] = BinaryPrimitives.ReadInt32BigEndian(wire[(HeadBytes + (i * DimensionBytes))..]);
        }

        ReadOnlySpan<byte> elements = wire[(HeadBytes + (dimensions * DimensionBytes))..];
        return TryWriteDimension(lengths, ref elements, element, output) && elements.IsEmpty;
    }

    private static bool TryWriteDimension(scoped ReadOnlySpan<int> lengths, ref ReadOnlySpan<byte> elements, WireFormat element, RowBuffer output)
    {
        output.Write((byte)'[');
        for (int i = 0; i < lengths[0]; i++)
        {
            if (i > 0)
            {
                output.Write((byte)',');
            }

            if (!(lengths.Length > 1 ? TryWriteDimension(lengths[1..], ref elements, element, output) : TryWriteElement(ref elements, element, output)))
            {
                return false;
            }
        }

        output.Write((byte)']');
        return true;
    }

    private static bool TryWriteElement(ref ReadOnlySpan<byte> elements, WireFormat element, RowBuffer output)
    {
        if (!BinaryPrimitives.TryReadInt32BigEndian(elements, out int length) || length > elements.Length - sizeof(int))
        {
            return false;
        }

        elements = elements[sizeof(int)..];
        if (length < 0)
        {
            output.Write("null"u8);
            return true;
        }

        ReadOnlySpan<byte> value = elements[..length];
        elements = elements[length..];
        return element(value, output);
    }

    private static string Bound(string rangeName) => rangeName switch
    {
        "int4range" or "int4multirange" => "integer",
        "int8range" or "int8multirange" => "bigint",
        "numrange" or "nummultirange" => "numeric",
        "daterange" or "datemultirange" => "date",
        "tsrange" or "tsmultirange" => "timestamp without time zone",
        _ => "timestamp with time zone",
    };

    // The server writes them as strings, as they are no numbers to reckon with.
    private static void WriteQuoted(ulong value, RowBuffer output)
    {
        output.Write((byte)'"');
        JsonNumberText.Write(value, output);
        output.Write((byte)'"');
    }

    /// <summary>A byte that is a character where it can be one, nothing where it is 0, and octal digits otherwise.</summary>
    private static bool TryWriteOneByte(ReadOnlySpan<byte> wire, RowBuffer output)
    {
        if (wire.Length != 1)
        {
            return false;
        }

        byte value = wire[0];
        output.Write((byte)'"');
        if (value >= 0x80)
        {
            JsonText.WriteEscaped([(byte)'\\', (byte)('0' + (value >> 6)), (byte)('0' + (value >> 3 & 7)), (byte)('0' + (value & 7))], output);
        }
        else if (value != 0)
        {
            JsonText.WriteEscaped(wire, output);
        }

        output.Write((byte)'"');
        return true;
    }

    /// <summary>Family, bits of the network, whether it is one, length, and the address.</summary>
    private static bool TryWriteAddress(ReadOnlySpan<byte> wire, bool alwaysWithBits, RowBuffer output)
    {
        const int HeadBytes = 4;
        if (wire.Length is not (HeadBytes + 4 or HeadBytes + 16))
        {
            return false;
        }

        ReadOnlySpan<byte> address = wire[HeadBytes..];
        int bits = wire[1];
        Span<char> text = stackalloc char[64];
        new IPAddress(address).TryFormat(text, out int written);
        output.Write((byte)'"');
        JsonText.WriteChars(text[..written], output);
        if (alwaysWithBits || bits != address.Length * 8)
        {
            output.Write((byte)'/');
            JsonNumberText.Write(bits, output);
        }

        output.Write((byte)'"');
        return true;
    }

    private static bool TryWriteText(ReadOnlySpan<byte> wire, RowBuffer output)
    {
        output.Write((byte)'"');
        JsonText.WriteEscaped(wire, output);
        output.Write((byte)'"');
        return true;
    }

    private static bool TryWriteJson(ReadOnlySpan<byte> wire, RowBuffer output)
    {
        output.Write(wire is [JsonBytesColumn.JsonbVersion, ..] ? wire[1..] : wire);
        return !wire.IsEmpty;
    }

    private static bool Write(ReadOnlySpan<byte> wire, int length, Action<ReadOnlySpan<byte>, RowBuffer> write, RowBuffer output)
    {
        if (wire.Length != length)
        {
            return false;
        }

        write(wire, output);
        return true;
    }
}
