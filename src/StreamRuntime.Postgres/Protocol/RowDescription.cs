namespace StreamRuntime.Postgres.Protocol;

/// <summary>Reads a RowDescription.</summary>
internal static class RowDescription
{
    // The server's own limit on a select's columns is 1 664 (MaxTupleAttributeNumber); the message could state 32 767.
    private const int MostColumns = 32_767;

    public static ColumnDescription[] Parse(ReadOnlySpan<byte> body)
    {
        const BackendMessageType Type = BackendMessageType.RowDescription;
        short count = BackendMessage.ReadInt16(ref body, Type);
        if (count is < 0 or > MostColumns)
        {
            BackendMessage.Violation($"RowDescription states {count} columns");
        }

        // A column takes at least 19 bytes, so a count that the body can't hold is refused before an array is made for it.
        if (count * 19 > body.Length)
        {
            BackendMessage.Violation($"RowDescription states {count} columns in {body.Length} bytes");
        }

        var columns = new ColumnDescription[count];
        for (int i = 0; i < columns.Length; i++)
        {
            string name = BackendMessage.ReadString(ref body, Type);
            uint tableOid = (uint)BackendMessage.ReadInt32(ref body, Type);
            short number = BackendMessage.ReadInt16(ref body, Type);
            uint typeOid = (uint)BackendMessage.ReadInt32(ref body, Type);
            BackendMessage.ReadInt16(ref body, Type); // type size
            int modifier = BackendMessage.ReadInt32(ref body, Type);
            short format = BackendMessage.ReadInt16(ref body, Type);
            if (format is not (0 or 1))
            {
                BackendMessage.Violation($"RowDescription states the unknown format {format}");
            }

            columns[i] = new ColumnDescription(name, typeOid, modifier, format, tableOid, number);
        }

        BackendMessage.CheckEnd(body, Type);
        return columns;
    }
}
