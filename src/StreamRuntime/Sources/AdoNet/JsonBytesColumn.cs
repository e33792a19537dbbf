namespace StreamRuntime.Sources.AdoNet;

/// <summary>A column of JSON in UTF-8, passed through as it is.</summary>
internal sealed class JsonBytesColumn(int ordinal, string name, bool isSequential, bool knowsLength) : BytesColumn(ordinal, name, isSequential, knowsLength)
{
    // What jsonb begins with on the wire, and JSON never does.
    public const byte JsonbVersion = 1;

    protected override void Finish(RowBuffer output, int start)
    {
        int at = output.ToIndex(start);
        if (output.End == at)
        {
            // Nothing is no JSON, neither in an object nor as a line.
            throw new StreamRuntimeException(ErrorKind.InvalidRow, $"Column {Title} is to be JSON, and a value of it is empty.");
        }

        if (output.Bytes[at] != JsonbVersion)
        {
            return;
        }

        if (start == 0)
        {
            output.DropFirst(1);
        }
        else
        {
            Span<byte> value = output.Bytes.AsSpan(at, output.End - at);
            value[1..].CopyTo(value);
            output.Shorten(output.End - 1);
        }
    }
}
