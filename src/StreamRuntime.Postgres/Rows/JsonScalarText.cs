namespace StreamRuntime.Postgres.Rows;

/// <summary>One value's text to JSON, by its form.</summary>
internal static class JsonScalarText
{
    /// <summary>False when the text is none that PostgreSQL gives a value of this form.</summary>
    public static bool TryWrite(ref JsonRowOutput output, JsonScalar form, ReadOnlySpan<byte> text)
    {
        switch (form)
        {
            case JsonScalar.Boolean:
                if (text.Length != 1 || text[0] is not ((byte)'t' or (byte)'f'))
                {
                    return false;
                }

                output.Write(text[0] == 't' ? "true"u8 : "false"u8);
                return true;

            case JsonScalar.Number:
                WriteNumber(ref output, text);
                return true;

            case JsonScalar.Json:
                output.Write(text);
                return true;

            case JsonScalar.Date:
                return IsoDateTime.TryWriteDate(ref output, text);

            case JsonScalar.Timestamp:
                return IsoDateTime.TryWriteTimestamp(ref output, text, hasZone: false);

            case JsonScalar.TimestampWithZone:
                return IsoDateTime.TryWriteTimestamp(ref output, text, hasZone: true);

            case JsonScalar.NumberVector:
            case JsonScalar.QuotedVector:
                return TryWriteVector(ref output, text, form == JsonScalar.QuotedVector);

            default:
                output.WriteString(text);
                return true;
        }
    }

    private static void WriteNumber(ref JsonRowOutput output, ReadOnlySpan<byte> text)
    {
        if (JsonNumber.IsValid(text))
        {
            output.Write(text);
        }
        else
        {
            output.WriteString(text);
        }
    }

    // Numbers with one blank between; nothing at all when the vector is empty.
    private static bool TryWriteVector(ref JsonRowOutput output, ReadOnlySpan<byte> text, bool quoted)
    {
        output.Write((byte)'[');
        while (!text.IsEmpty)
        {
            int blank = text.IndexOf((byte)' ');
            ReadOnlySpan<byte> number = blank < 0 ? text : text[..blank];
            if (!JsonNumber.IsValid(number))
            {
                return false;
            }

            if (quoted)
            {
                output.WriteString(number);
            }
            else
            {
                output.Write(number);
            }

            if (blank < 0)
            {
                break;
            }

            output.Write((byte)',');
            text = text[(blank + 1)..];
            if (text.IsEmpty)
            {
                return false;
            }
        }

        output.Write((byte)']');
        return true;
    }
}
