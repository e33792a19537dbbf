using System.Buffers;
using System.Runtime.CompilerServices;
using StreamRuntime.Streams;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>The memory in which rows are made: whole ones, which the stream hands out in place, and behind them the beginning of the next.</summary>
/// <remarks>
/// <para>
/// The source's own, because a value may still be on its way into it while the stream hands out the rows before: nothing that is here moves or
/// goes away before the next receive begins. A row that outgrows the buffer meanwhile moves to a larger one, by itself; the rows before it stay where
/// they are, and no further row is begun.
/// </para>
/// <para>Not thread-safe: one receive at a time, and the value on its way touches nothing but the free bytes it was given.</para>
/// </remarks>
internal sealed class RowBuffer : IBufferWriter<byte>
{
    private const int SmallestBytes = 16 * 1024;
    private const int SmallestRoom = 512;

    private byte[] _bytes = [];
    private byte[] _retired = [];
    private RowWriter? _rows;
    private int _rowStart;
    private int _end;
    private int _added;
    private int _size = SmallestBytes;
    private int _largestRow = SmallestRoom;
    private bool _isFull;

    /// <summary>The buffer itself, for what writes to <see cref="End"/> by an index.</summary>
    public byte[] Bytes => _bytes;

    /// <summary>Where the next byte goes.</summary>
    public int End => _end;

    /// <summary>How many bytes can be written without another buffer.</summary>
    public int Room => _bytes.Length - _end;

    /// <summary>The bytes of the row under way.</summary>
    public int RowLength => _end - _rowStart;

    /// <summary>True when no other row should be begun in this receive.</summary>
    public bool IsFull => _added > 0 && (_isFull || Room < _largestRow);

    /// <summary>Begins a receive: the rows of the last one are gone, the beginning of a row moves to the front.</summary>
    public void BeginReceive(RowWriter rows)
    {
        _rows = rows;
        Return(ref _retired);
        if (_added > 0 && (_isFull || Room < _largestRow))
        {
            _size = (int)Math.Min((long)_size * 2, rows.MaxBufferedBytes);
        }

        int partial = RowLength;
        int size = Math.Max(Math.Min(_size, rows.MaxBufferedBytes), partial + SmallestRoom);
        if (_bytes.Length < size || (_bytes.Length > rows.MaxBufferedBytes && partial < _size / 2))
        {
            // Either more is wanted, or one huge row must not keep its room for the rest of the stream's life.
            Replace(size, keepsOld: false);
        }
        else if (_rowStart > 0)
        {
            _bytes.AsSpan(_rowStart, partial).CopyTo(_bytes);
            _rowStart = 0;
            _end = partial;
        }

        _added = 0;
        _isFull = false;
        rows.Attach(_bytes.AsMemory(0, 0));
    }

    /// <summary>Ends a receive, also one that failed: states what is held.</summary>
    public void EndReceive()
    {
        RowWriter rows = _rows!;
        if (_retired.Length > 0)
        {
            rows.ReportHeld(RowLength);
        }
        else
        {
            rows.Attach(_bytes.AsMemory(0, _end));
        }
    }

    /// <summary>Hands the row under way out, and begins the next.</summary>
    /// <returns>False when it lies elsewhere than the rows before it, and has to be ended again in the next receive.</returns>
    public bool TryEndRow()
    {
        RowWriter rows = _rows!;
        int length = RowLength;
        rows.CheckRowSize(length);
        if (_retired.Length > 0)
        {
            return false;
        }

        rows.AddScanned(_rowStart, length, RowText.IsPlain(_bytes.AsSpan(_rowStart, length)));
        _rowStart = _end;
        _added++;
        if (length > _largestRow)
        {
            _largestRow = Math.Min(length, _size / 2);
        }

        return true;
    }

    /// <summary>Makes no further row in this receive.</summary>
    public void Fill() => _isFull = true;

    /// <summary>True when so many more bytes of this row must wait for a receive in which there is room for them.</summary>
    public bool ShouldWaitFor(int bytes) => bytes > Room && _added > 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (Room < bytes.Length)
        {
            MakeRoom(bytes.Length);
        }

        bytes.CopyTo(_bytes.AsSpan(_end));
        _end += bytes.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(byte value)
    {
        if (Room == 0)
        {
            MakeRoom(1);
        }

        _bytes[_end++] = value;
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        if (Room < Math.Max(1, sizeHint))
        {
            MakeRoom(Math.Max(1, sizeHint));
        }

        return _bytes.AsSpan(_end);
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (Room < Math.Max(1, sizeHint))
        {
            MakeRoom(Math.Max(1, sizeHint));
        }

        return _bytes.AsMemory(_end);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Advance(int count)
    {
        if ((uint)count > (uint)Room)
        {
            throw new ArgumentOutOfRangeException(nameof(count), count, $"Only {Room} bytes were given.");
        }

        _end += count;
    }

    /// <summary>Takes the last bytes of the row under way back.</summary>
    public void Shorten(int end) => _end = end;

    /// <summary>Takes the first bytes of the row under way back.</summary>
    public void DropFirst(int count) => _rowStart += count;

    /// <summary>Where a position in the row under way is now; a row that moved took its positions with it.</summary>
    public int ToIndex(int rowOffset) => _rowStart + rowOffset;

    /// <summary>Refuses a row that is going to be too large, before room is made for it.</summary>
    public void CheckRowSize(long moreBytes) => _rows!.CheckRowSize(RowLength + moreBytes);

    /// <summary>Gives the memory back for the length of a pause, unless a row has begun in it.</summary>
    /// <returns>What is still held.</returns>
    public int ReleaseIdle()
    {
        Return(ref _retired);
        if (RowLength == 0)
        {
            Return(ref _bytes);
            _rowStart = 0;
            _end = 0;
            _added = 0;
        }

        return RowLength;
    }

    /// <summary>Gives the memory back for good.</summary>
    /// <param name="isSeen">True when somebody may still look at a row, or write to one; the memory is then left to the collector.</param>
    public void Release(bool isSeen)
    {
        if (isSeen)
        {
            _bytes = [];
            _retired = [];
        }

        Return(ref _retired);
        Return(ref _bytes);
        _rowStart = 0;
        _end = 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void MakeRoom(int bytes)
    {
        int length = RowLength;
        _rows!.CheckRowSize(length);
        Replace((int)Math.Min(Array.MaxLength, Math.Max((long)length + bytes, Math.Min(2L * length, (long)_rows.MaxRowBytes + SmallestRoom))), keepsOld: _added > 0);
    }

    private void Replace(int size, bool keepsOld)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(SmallestRoom, size));
        int length = RowLength;
        _bytes.AsSpan(_rowStart, length).CopyTo(larger);
        if (keepsOld && _retired.Length == 0)
        {
            _rows!.Attach(_bytes.AsMemory(0, _rowStart));
            _retired = _bytes;
            _isFull = true;
        }
        else
        {
            Return(ref _bytes);
            if (_added == 0)
            {
                // So the first row of this receive lies in the new one.
                _rows!.Attach(larger.AsMemory(0, 0));
            }
        }

        _bytes = larger;
        _rowStart = 0;
        _end = length;
    }

    private static void Return(ref byte[] bytes)
    {
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
            bytes = [];
        }
    }
}
