using System.Buffers;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>A column of text in UTF-8. Most texts need no escape, and then they stay where they were received.</summary>
internal sealed class TextBytesColumn(int ordinal, string name, bool isSequential, bool knowsLength) : BytesColumn(ordinal, name, isSequential, knowsLength)
{
    protected override void WriteHead(RowBuffer output) => output.Write((byte)'"');

    protected override void Finish(RowBuffer output, int start)
    {
        int at = output.ToIndex(start);
        Span<byte> text = output.Bytes.AsSpan(at, output.End - at);
        int plain = text.IndexOfAny(JsonText.Escaped);
        if (plain >= 0)
        {
            int length = text.Length - plain;
            byte[] rest = ArrayPool<byte>.Shared.Rent(length);
            text[plain..].CopyTo(rest);
            output.Shorten(at + plain);
            JsonText.WriteEscaped(rest.AsSpan(0, length), output);
            ArrayPool<byte>.Shared.Return(rest);
        }

        output.Write((byte)'"');
    }
}
