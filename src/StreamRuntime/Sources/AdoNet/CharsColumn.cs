using System.Buffers;
using System.Data;
using System.Data.Common;
using System.Text.Json;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>What a column of characters is.</summary>
internal enum CharsForm : byte
{
    /// <summary>Text, which becomes a JSON string.</summary>
    Text = 0,

    /// <summary>JSON, which is the row.</summary>
    Json = 1,

    /// <summary>JSON inside of an object, of which only the caller says that it is.</summary>
    CheckedJson = 2,
}

/// <summary>A column of a provider's text, taken as characters where the provider has such a getter, and as a string where it has none.</summary>
internal sealed class CharsColumn(int ordinal, string name, CharsForm form) : JsonColumn(ordinal, name)
{
    private const int ChunkChars = 4096;

    private char[] _chars = [];
    private bool _usesStrings;

    public override ColumnProgress Begin(DbDataReader reader, RowBuffer output)
    {
        if (form == CharsForm.Text)
        {
            output.Write((byte)'"');
        }

        int start = output.RowLength;

        // A table in memory has the string already.
        if (_usesStrings || reader is DataTableReader || !TryWriteChars(reader, output))
        {
            _usesStrings = true;
            Write(reader.GetString(Ordinal), output);
        }

        if (form == CharsForm.Text)
        {
            output.Write((byte)'"');
        }
        else
        {
            CheckJson(output, start);
        }

        return ColumnProgress.Written;
    }

    public override void Release()
    {
        if (_chars.Length > 0)
        {
            ArrayPool<char>.Shared.Return(_chars);
            _chars = [];
        }
    }

    /// <summary>False, with nothing written, when the provider has no such getter.</summary>
    private bool TryWriteChars(DbDataReader reader, RowBuffer output)
    {
        if (_chars.Length == 0)
        {
            _chars = ArrayPool<char>.Shared.Rent(ChunkChars);
        }

        long at = 0;
        int kept = 0;
        int copied;
        do
        {
            try
            {
                copied = (int)reader.GetChars(Ordinal, at, _chars, kept, _chars.Length - kept);
            }
            catch (Exception refusal) when (at == 0 && refusal is NotSupportedException or NotImplementedException or InvalidCastException)
            {
                return false;
            }

            at += copied;
            bool isLast = copied < _chars.Length - kept;
            int length = kept + copied;

            // The halves of a pair are one character to UTF-8, so the first waits for the second.
            kept = !isLast && char.IsHighSurrogate(_chars[length - 1]) ? 1 : 0;
            Write(_chars.AsSpan(0, length - kept), output);
            if (kept > 0)
            {
                _chars[0] = _chars[length - 1];
            }

            if (isLast)
            {
                return true;
            }
        }
        while (true);
    }

    private void Write(ReadOnlySpan<char> text, RowBuffer output)
    {
        if (form == CharsForm.Text)
        {
            JsonText.WriteChars(text, output);
        }
        else
        {
            JsonText.WriteRaw(text, output);
        }
    }

    private void CheckJson(RowBuffer output, int start)
    {
        if (output.RowLength == start)
        {
            throw new StreamRuntimeException(ErrorKind.InvalidRow, $"Column {Title} is to be JSON, and a value of it is empty.");
        }

        if (form == CharsForm.CheckedJson)
        {
            int at = output.ToIndex(start);
            var json = new Utf8JsonReader(output.Bytes.AsSpan(at, output.End - at));
            try
            {
                while (json.Read())
                {
                }
            }
            catch (JsonException failure)
            {
                throw new StreamRuntimeException(ErrorKind.InvalidRow, $"Column {Title} is to be JSON (JsonColumns), and a value of it is not: {failure.Message}", failure);
            }
        }
    }
}
