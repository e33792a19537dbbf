using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace StreamRuntime.Cli.Filtering;

/// <summary>One <c>--where PATH=VALUE</c>: the value at a place in the row's raw JSON equals a given one.</summary>
/// <remarks>
/// A string is compared unescaped; a number by its text, else by its value; true, false and null by name. <c>id=5</c> matches both <c>5</c> and
/// <c>"5"</c>, <c>id="5"</c> only the string. Allocates nothing per row. Immutable.
/// </remarks>
internal sealed class RowCondition
{
    // PostgreSQL nests as deep as its stack allows; a row past this depth is refused, not overflowed on.
    private const int DeepestRow = 1000;

    private readonly JsonPath _path;
    private readonly byte[] _value;
    private readonly bool _onlyString;
    private readonly decimal? _number;

    private RowCondition(JsonPath path, byte[] value, bool onlyString)
    {
        _path = path;
        _value = value;
        _onlyString = onlyString;
        _number = Utf8Parser.TryParse(value, out decimal number, out int read) && read == value.Length ? number : null;
    }

    /// <exception cref="FormatException">It is not PATH=VALUE; the message says why.</exception>
    public static RowCondition Parse(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            throw new FormatException("a path, an equals sign and a value are needed, as in .user.name=anna");
        }

        string value = text[(equals + 1)..];
        bool quoted = value.Length >= 2 && value[0] == '"' && value[^1] == '"';
        return new RowCondition(JsonPath.Parse(text.AsSpan(0, equals)), Encoding.UTF8.GetBytes(quoted ? Unquote(value) : value), quoted);
    }

    /// <summary>Whether the row is to be kept.</summary>
    /// <exception cref="JsonException">The row is not JSON, up to the place looked at.</exception>
    public bool Holds(ReadOnlySpan<byte> row)
    {
        var reader = new Utf8JsonReader(row, new JsonReaderOptions { MaxDepth = DeepestRow });
        return _path.TryFind(ref reader) && reader.TokenType switch
        {
            JsonTokenType.String => reader.ValueTextEquals(_value),
            JsonTokenType.Number => !_onlyString && IsNumber(reader.ValueSpan),
            JsonTokenType.True => !_onlyString && "true"u8.SequenceEqual(_value),
            JsonTokenType.False => !_onlyString && "false"u8.SequenceEqual(_value),
            JsonTokenType.Null => !_onlyString && "null"u8.SequenceEqual(_value),
            _ => false,
        };
    }

    private static string Unquote(string value)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(value));
        try
        {
            return reader.Read() ? reader.GetString()! : "";
        }
        catch (JsonException)
        {
            throw new FormatException($"{value} is not a JSON string");
        }
    }

    private bool IsNumber(ReadOnlySpan<byte> text) =>
        text.SequenceEqual(_value)
        || (_number is { } number && Utf8Parser.TryParse(text, out decimal other, out int read) && read == text.Length && other == number);
}
