using System.Runtime.CompilerServices;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.Rows;

/// <summary>Writes the JSON of one row into a <see cref="RowWriter"/>, in pieces as large as the writer's room allows.</summary>
/// <remarks>A mutable view for the length of one row: pass it by reference, and end it with <see cref="EndRow"/>.</remarks>
internal ref struct JsonRowOutput
{
    private readonly RowWriter _rows;
    private Span<byte> _free;
    private int _used;
    private long _flushed;

    /// <summary>Begins a row.</summary>
    /// <param name="rows">Takes the row.</param>
    /// <param name="sizeHint">The size the row most likely has, so that room is made once.</param>
    public JsonRowOutput(RowWriter rows, int sizeHint)
    {
        _rows = rows;
        _free = rows.GetSpan(sizeHint);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(byte value)
    {
        if ((uint)_used >= (uint)_free.Length)
        {
            MakeRoom(1, certain: 1);
        }

        _free[_used++] = value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(scoped ReadOnlySpan<byte> bytes)
    {
        if (_free.Length - _used < bytes.Length)
        {
            MakeRoom(bytes.Length, certain: bytes.Length);
        }

        bytes.CopyTo(_free[_used..]);
        _used += bytes.Length;
    }

    /// <summary>Writes a text as a JSON string, quotation marks included.</summary>
    public void WriteString(scoped ReadOnlySpan<byte> text)
    {
        Write((byte)'"');
        WriteEscaped(text);
        Write((byte)'"');
    }

    /// <summary>Writes a part of a JSON string. Escaping works byte by byte, so a string may be written in any parts.</summary>
    public void WriteEscaped(scoped ReadOnlySpan<byte> text)
    {
        for (int plain = text.IndexOfAny(JsonEscape.Escaped); plain >= 0; plain = text.IndexOfAny(JsonEscape.Escaped))
        {
            Write(text[..plain]);
            WriteEscape(text[plain]);
            text = text[(plain + 1)..];
        }

        Write(text);
    }

    public void EndRow()
    {
        _rows.Advance(_used);
        _rows.EndRow();
    }

    private void WriteEscape(byte value)
    {
        if (_free.Length - _used < JsonEscape.MaxLength)
        {
            MakeRoom(JsonEscape.MaxLength, certain: 2);
        }

        _used += JsonEscape.Write(value, _free[_used..]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void MakeRoom(int size, int certain)
    {
        _rows.Advance(_used);
        _flushed += _used;
        _used = 0;

        // A row that is going to be too large is refused before memory is taken for it.
        _rows.CheckRowSize(_flushed + certain);
        _free = _rows.GetSpan(size);
    }
}
