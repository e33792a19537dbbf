using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using StreamRuntime.Postgres.Protocol;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.Rows;

/// <summary>DataRow messages in text format to JSON objects, byte for byte what <c>row_to_json</c> prints in the same session.</summary>
/// <remarks>
/// <para>
/// Every length and every shape is checked, because the server may be hostile: a row that is accepted has balanced objects, arrays and
/// strings. The one exception is a <c>json</c> value, which is passed through as the server sent it.
/// </para>
/// <para>Immutable once made: any thread may use it, each with its own <see cref="RowWriter"/>.</para>
/// </remarks>
internal sealed class JsonObjectEncoder
{
    // Above it a row gets room piece by piece, so that a length alone cannot make us take memory the limit forbids.
    private const int MaxSizeHint = 1024 * 1024;

    private readonly Column[] _columns;

    // Bytes of every row that do not come from its values: keys, quotation marks and the closing brace.
    private readonly int _frameBytes;

    private JsonObjectEncoder(Column[] columns)
    {
        _columns = columns;
        _frameBytes = "{}"u8.Length;
        foreach (Column column in columns)
        {
            _frameBytes += column.Key.Length + "null"u8.Length;
            NeedsIsoDates |= column.Form.NeedsIsoDates;
        }
    }

    /// <summary>
    /// True when a column holds dates or timestamps. Their text can only be converted while the session's DateStyle is ISO; under
    /// another one wrap the query instead (<see cref="RowToJsonQuery"/>), or the first such value ends in a protocol error.
    /// </summary>
    public bool NeedsIsoDates { get; }

    /// <summary>Makes the encoder of a result.</summary>
    /// <param name="columns">The columns as RowDescription gives them, all in text format.</param>
    /// <param name="unsupported">
    /// When null is returned, the first column whose JSON only the server knows: a type of its own (enum, composite, array of a domain,
    /// extension), an anonymous record, or <c>anyarray</c>.
    /// </param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Protocol"/>: a column is not in text format.</exception>
    public static JsonObjectEncoder? TryCreate(ReadOnlySpan<ColumnDescription> columns, out ColumnDescription unsupported)
    {
        var made = new Column[columns.Length];
        for (int i = 0; i < columns.Length; i++)
        {
            if (columns[i].FormatCode != 0)
            {
                throw new StreamRuntimeException(
                    ErrorKind.Protocol, $"The server describes column {i + 1} in format {columns[i].FormatCode} where text was asked for.");
            }

            if (!BuiltInTypes.TryGetForm(columns[i].TypeOid, out JsonForm form))
            {
                unsupported = columns[i];
                return null;
            }

            made[i] = new Column(Key(columns[i].Name, isFirst: i == 0), form, columns[i]);
        }

        unsupported = default;
        return new JsonObjectEncoder(made);
    }

    /// <summary>Writes one row and ends it. Allocates nothing once <paramref name="rows"/> has its room.</summary>
    /// <param name="dataRowBody">A DataRow message after its type and length.</param>
    /// <param name="rows">Takes the row.</param>
    /// <exception cref="StreamRuntimeException">
    /// Kind <see cref="ErrorKind.Protocol"/>: the message is malformed; the part of the row already written is then not a row, and the
    /// connection must be closed. Other kinds: what <see cref="RowWriter"/> refuses.
    /// </exception>
    public void Write(ReadOnlySpan<byte> dataRowBody, RowWriter rows)
    {
        if (!BinaryPrimitives.TryReadInt16BigEndian(dataRowBody, out short count) || count != _columns.Length)
        {
            ThrowColumnCount(dataRowBody);
        }

        WriteColumns(dataRowBody[sizeof(short)..], rows);
    }

    /// <summary>The same for the columns alone, without their count.</summary>
    /// <inheritdoc cref="Write"/>
    public void WriteColumns(ReadOnlySpan<byte> rest, RowWriter rows)
    {
        Column[] columns = _columns;
        var output = new JsonRowOutput(rows, (int)Math.Min(MaxSizeHint, (long)_frameBytes + rest.Length));
        if (columns.Length == 0)
        {
            output.Write((byte)'{');
        }

        for (int i = 0; i < columns.Length; i++)
        {
            if (!BinaryPrimitives.TryReadInt32BigEndian(rest, out int length))
            {
                ThrowTruncated(i, rest.Length);
            }

            rest = rest[sizeof(int)..];
            ref readonly Column column = ref columns[i];
            output.Write(column.Key);
            if (length < 0)
            {
                if (length != -1)
                {
                    ThrowLength(i, length, rest.Length);
                }

                output.Write("null"u8);
                continue;
            }

            if (length > rest.Length)
            {
                ThrowLength(i, length, rest.Length);
            }

            ReadOnlySpan<byte> value = rest[..length];
            rest = rest[length..];
            bool written = column.Form.IsArray
                ? JsonArrayText.TryWrite(ref output, column.Form, value)
                : JsonScalarText.TryWrite(ref output, column.Form.Scalar, value);
            if (!written)
            {
                ThrowValue(i);
            }
        }

        if (!rest.IsEmpty)
        {
            ThrowTrailing(rest.Length);
        }

        output.Write((byte)'}');
        output.EndRow();
    }

    // What stands before a column's value: the brace or comma, the name as a JSON string, and the colon.
    private static byte[] Key(string name, bool isFirst) =>
        [isFirst ? (byte)'{' : (byte)',', .. JsonEscape.ToJsonString(Encoding.UTF8.GetBytes(name)), (byte)':'];

    [DoesNotReturn]
    private void ThrowColumnCount(ReadOnlySpan<byte> body) =>
        throw new StreamRuntimeException(
            ErrorKind.Protocol,
            body.Length < sizeof(short)
                ? $"A DataRow of {body.Length} bytes is too short for its column count."
                : $"A DataRow has {BinaryPrimitives.ReadInt16BigEndian(body)} columns where the result was described with {_columns.Length}.");

    [DoesNotReturn]
    private void ThrowTruncated(int column, int left) =>
        throw new StreamRuntimeException(
            ErrorKind.Protocol, $"A DataRow ends in the length of column {Name(column)}: {left} of {sizeof(int)} bytes are left.");

    [DoesNotReturn]
    private void ThrowLength(int column, int length, int left) =>
        throw new StreamRuntimeException(
            ErrorKind.Protocol, $"A DataRow states {length} bytes for column {Name(column)}, with {left} bytes left in the message.");

    [DoesNotReturn]
    private void ThrowValue(int column) =>
        throw new StreamRuntimeException(
            ErrorKind.Protocol,
            $"A value of column {Name(column)} (type {_columns[column].Description.TypeOid}) does not have the text form of its type"
            + (_columns[column].Form.NeedsIsoDates ? "; its dates must come in DateStyle ISO." : "."));

    [DoesNotReturn]
    private static void ThrowTrailing(int count) =>
        throw new StreamRuntimeException(ErrorKind.Protocol, $"A DataRow has {count} bytes after its last column.");

    private string Name(int column) => $"{column + 1} \"{_columns[column].Description.Name}\"";

    private readonly record struct Column(byte[] Key, JsonForm Form, ColumnDescription Description);
}
