using System.Buffers.Text;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>A column of bytes, which become base64 in their own place.</summary>
internal sealed class Base64Column(int ordinal, string name, bool isSequential, bool knowsLength) : BytesColumn(ordinal, name, isSequential, knowsLength)
{
    protected override void WriteHead(RowBuffer output) => output.Write((byte)'"');

    protected override void Finish(RowBuffer output, int start)
    {
        int length = output.RowLength - start;
        int encoded = Base64.GetMaxEncodedToUtf8Length(length);
        output.CheckRowSize(encoded - length);
        output.GetSpan(encoded - length + 1);
        Base64.EncodeToUtf8InPlace(output.Bytes.AsSpan(output.ToIndex(start)), length, out int written);
        output.Advance(written - length);
        output.Write((byte)'"');
    }
}
