using System.Buffers;

namespace StreamRuntime.Postgres.Rows;

/// <summary>An array's text (<c>{1,NULL,"a b"}</c>, <c>[2:3]={…}</c>) to a JSON array, without a copy in between.</summary>
internal static class JsonArrayText
{
    // The server's MAXDIM. It bounds the nesting that a hostile server can have us write.
    private const int MaxDimensions = 6;

    private static readonly SearchValues<byte> Bounds = SearchValues.Create("[]:+-0123456789"u8);

    /// <summary>False when the text is not an array's, or an element is none of its form's.</summary>
    public static bool TryWrite(ref JsonRowOutput output, JsonForm form, ReadOnlySpan<byte> text)
    {
        if (!TrySkipBounds(ref text))
        {
            return false;
        }

        if (text.SequenceEqual("{}"u8))
        {
            output.Write("[]"u8);
            return true;
        }

        int depth = 0;
        while (true)
        {
            // Here a value begins: an inner array or an element.
            if (text is [(byte)'{', ..])
            {
                if (++depth > MaxDimensions)
                {
                    return false;
                }

                output.Write((byte)'[');
                text = text[1..];
                continue;
            }

            if (depth == 0 || !TryWriteElement(ref output, form, ref text))
            {
                return false;
            }

            // Here it has ended: the arrays that end with it, then the next value.
            while (text is [(byte)'}', ..])
            {
                output.Write((byte)']');
                text = text[1..];
                if (--depth == 0)
                {
                    return text.IsEmpty;
                }
            }

            if (text.IsEmpty || text[0] != form.Delimiter)
            {
                return false;
            }

            output.Write((byte)',');
            text = text[1..];
        }
    }

    // JSON has no place for lower bounds other than the first, so the server drops them as well.
    private static bool TrySkipBounds(ref ReadOnlySpan<byte> text)
    {
        if (text is not [(byte)'[', ..])
        {
            return true;
        }

        int length = text.IndexOfAnyExcept(Bounds);
        if (length < 0 || text[length] != '=')
        {
            return false;
        }

        text = text[(length + 1)..];
        return true;
    }

    private static bool TryWriteElement(ref JsonRowOutput output, JsonForm form, ref ReadOnlySpan<byte> text)
    {
        if (text is [(byte)'"', ..])
        {
            return TryWriteQuotedElement(ref output, form.Scalar, ref text);
        }

        int length = text.IndexOfAny(form.Delimiter, (byte)'}');
        if (length <= 0)
        {
            return false;
        }

        ReadOnlySpan<byte> element = text[..length];
        text = text[length..];
        if (element.SequenceEqual("NULL"u8))
        {
            output.Write("null"u8);
            return true;
        }

        return !element.ContainsAny("{\"\\"u8) && JsonScalarText.TryWrite(ref output, form.Scalar, element);
    }

    private static bool TryWriteQuotedElement(ref JsonRowOutput output, JsonScalar form, ref ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> rest = text[1..];
        int stop = rest.IndexOfAny((byte)'"', (byte)'\\');
        if (stop < 0)
        {
            return false;
        }

        if (rest[stop] == '"')
        {
            text = rest[(stop + 1)..];
            return JsonScalarText.TryWrite(ref output, form, rest[..stop]);
        }

        // Only texts and JSON can hold what an array escapes; both may be written in pieces, so nothing is unescaped first.
        if (form is not (JsonScalar.Quoted or JsonScalar.Json))
        {
            return false;
        }

        bool quoted = form == JsonScalar.Quoted;
        if (quoted)
        {
            output.Write((byte)'"');
        }

        while (rest[stop] == '\\')
        {
            if (stop + 1 >= rest.Length)
            {
                return false;
            }

            // The escaped byte begins the next piece, so it is taken as it is.
            WritePiece(ref output, rest[..stop], quoted);
            rest = rest[(stop + 1)..];
            stop = rest[1..].IndexOfAny((byte)'"', (byte)'\\') + 1;
            if (stop == 0)
            {
                return false;
            }
        }

        WritePiece(ref output, rest[..stop], quoted);
        if (quoted)
        {
            output.Write((byte)'"');
        }

        text = rest[(stop + 1)..];
        return true;
    }

    private static void WritePiece(ref JsonRowOutput output, ReadOnlySpan<byte> piece, bool quoted)
    {
        if (quoted)
        {
            output.WriteEscaped(piece);
        }
        else
        {
            output.Write(piece);
        }
    }
}
