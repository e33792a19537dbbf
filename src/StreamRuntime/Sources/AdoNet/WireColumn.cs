using System.Buffers;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>Writes a value from the bytes it had on the wire; false when they are not what it takes them for.</summary>
internal delegate bool WireFormat(ReadOnlySpan<byte> wire, RowBuffer output);

/// <summary>A column whose values the provider's own types can't all hold, so that they are taken as they came.</summary>
internal sealed class WireColumn(int ordinal, string name, WireFormat format, bool isSequential) : BytesColumn(ordinal, name, isSequential, knowsLength: true)
{
    private const int MostOnStack = 256;

    protected override void Finish(RowBuffer output, int start)
    {
        int at = output.ToIndex(start);
        int length = output.End - at;
        byte[]? pooled = length > MostOnStack ? ArrayPool<byte>.Shared.Rent(length) : null;
        Span<byte> wire = pooled ?? stackalloc byte[MostOnStack];
        wire = wire[..length];
        output.Bytes.AsSpan(at, length).CopyTo(wire);
        output.Shorten(at);
        bool isWritten = format(wire, output);
        if (pooled is not null)
        {
            ArrayPool<byte>.Shared.Return(pooled);
        }

        if (!isWritten)
        {
            throw new StreamRuntimeException(ErrorKind.UnsupportedType, $"A value of column {Title} came in {length} bytes that are not of its type.");
        }
    }
}
