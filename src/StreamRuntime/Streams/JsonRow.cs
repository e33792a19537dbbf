using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace StreamRuntime.Streams;

/// <summary>One row: a UTF-8 JSON value inside the receive buffer, not copied.</summary>
/// <remarks>Valid until the next read of its stream; take a copy with <see cref="ToArray"/> to keep it. Any thread may read it until then.</remarks>
public readonly struct JsonRow
{
    private readonly byte[] _bytes;
    private readonly int _offset;

    internal JsonRow(byte[] bytes, int offset, int length)
    {
        _bytes = bytes;
        _offset = offset;
        Length = length;
    }

    /// <summary>The row's size in bytes.</summary>
    public int Length { get; }

    /// <summary>The row's bytes, in place.</summary>
    public ReadOnlySpan<byte> Span => new(_bytes, _offset, Length);

    /// <summary>The row's bytes, in place, for use across an await.</summary>
    public ReadOnlyMemory<byte> Memory => new(_bytes, _offset, Length);

    /// <summary>A copy that outlives the next read.</summary>
    public byte[] ToArray() => Span.ToArray();

    /// <summary>A JSON reader over the row.</summary>
    public Utf8JsonReader GetReader(JsonReaderOptions options = default) => new(Span, options);

    /// <summary>Parses the row with source-generated metadata.</summary>
    /// <exception cref="JsonException">The row is not valid JSON, or does not fit <typeparamref name="T"/>.</exception>
    public T? Deserialize<T>(JsonTypeInfo<T> typeInfo) => JsonSerializer.Deserialize(Span, typeInfo);

    /// <summary>The row as text; allocates.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Span);
}
