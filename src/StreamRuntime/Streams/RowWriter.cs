using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace StreamRuntime.Streams;

/// <summary>
/// Where a source puts the rows of one receive: either it names them in place, inside bytes it received (<see cref="Attach"/>,
/// then <see cref="Add"/>), or it writes them (<see cref="GetSpan"/>, <see cref="Advance"/>, then <see cref="EndRow"/>).
/// </summary>
/// <remarks>
/// Owned by the stream, lent to the source for the length of one <see cref="IRowSource.ReceiveAsync"/>; not thread-safe.
/// One receive uses one of the two ways. Every row passes the limit, the text check and the predicate here, so no source has to.
/// </remarks>
public sealed class RowWriter : IBufferWriter<byte>
{
    private const int SmallestIndex = 16;
    private const int SmallestScratch = 4096;

    private readonly RowPredicate? _predicate;
    private readonly bool _rawText;

    private byte[] _received = [];
    private int _receivedOffset;
    private int _receivedLength;

    private RowSpan[] _index = [];
    private int _count;
    private long _bytes;
    private long _filtered;
    private bool _hasLineBreaks;

    private byte[] _scratch = [];
    private int _written;
    private int _rowStart;
    private bool _writing;
    private int _held;

    internal RowWriter(JsonRowStreamOptions options)
    {
        _predicate = options.Where;
        _rawText = options.AllowInvalidText;
        MaxRowBytes = options.MaxRowBytes;
        MaxBufferedBytes = options.MaxBufferedBytes;
    }

    /// <summary>The largest row the stream takes, in bytes. A source that knows a row's size early calls <see cref="CheckRowSize"/>.</summary>
    public int MaxRowBytes { get; }

    /// <summary>How many bytes a source may hold ready at once, one row that is larger excepted.</summary>
    public int MaxBufferedBytes { get; }

    /// <summary>Rows added in this receive and kept by the predicate.</summary>
    public int Count => _count;

    /// <summary>Bytes held for this stream right now: what was received and not yet released, and what was written here.</summary>
    internal long BufferedBytes => (long)_receivedLength + _written + _held;

    /// <summary>Bytes of all rows in this receive, framing not counted.</summary>
    internal long RowBytes => _bytes;

    /// <summary>Rows the predicate dropped, over the stream's life.</summary>
    public long Filtered => _filtered;

    /// <summary>True while the whole batch has been handed out, so that its consumer may look at any of it until he reads on.</summary>
    internal bool IsHandedOut { get; set; }

    /// <summary>True when the source has been parked since, so that nothing it holds belongs to this batch any more.</summary>
    internal bool IsDetached { get; set; }

    /// <summary>True when at least one row needs its line breaks replaced before it can be written as one line.</summary>
    internal bool HasLineBreaks => _hasLineBreaks;

    internal byte[] Bytes => _writing ? _scratch : _received;

    internal ReadOnlySpan<RowSpan> Rows => _index.AsSpan(0, _count);

    /// <summary>
    /// Names the bytes in which the following <see cref="Add"/> calls point out rows. All of them count as buffered, so give everything
    /// that is held, the beginning of a partial row included.
    /// </summary>
    /// <param name="received">Memory over an array. Anything else is copied once.</param>
    /// <exception cref="InvalidOperationException">This receive wrote rows, or added rows in other memory.</exception>
    public void Attach(ReadOnlyMemory<byte> received)
    {
        if (_writing)
        {
            ThrowMixed();
        }

        if (MemoryMarshal.TryGetArray(received, out ArraySegment<byte> segment))
        {
            if (_count > 0 && segment.Array != _received)
            {
                ThrowElsewhere();
            }

            _received = segment.Array ?? [];
            _receivedOffset = segment.Offset;
            _receivedLength = segment.Count;
        }
        else
        {
            if (_count > 0)
            {
                ThrowElsewhere();
            }

            EnsureScratch(received.Length);
            received.Span.CopyTo(_scratch);
            _received = _scratch;
            _receivedOffset = 0;
            _receivedLength = received.Length;
        }
    }

    /// <summary>Adds a row that lies in the attached bytes.</summary>
    /// <param name="offset">Where it starts, counted from the start of the attached bytes.</param>
    /// <param name="length">Its size in bytes.</param>
    /// <exception cref="StreamRuntimeException">The row is larger than <see cref="MaxRowBytes"/>, or not valid text.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The row does not lie in the attached bytes.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int offset, int length)
    {
        if ((ulong)(uint)offset + (uint)length > (uint)_receivedLength)
        {
            ThrowOutside(offset, length);
        }

        AddScanned(offset, length, RowText.IsPlain(_received.AsSpan(_receivedOffset + offset, length)));
    }

    /// <summary>The same for a source of ours that has looked at the row's text on the way, and knows that it lies in the attached bytes.</summary>
    /// <param name="offset">As for <see cref="Add"/>.</param>
    /// <param name="length">As for <see cref="Add"/>.</param>
    /// <param name="isPlain">True when the row passed <see cref="RowText.IsPlain"/> or what amounts to it; false when that is still to be found out.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void AddScanned(int offset, int length, bool isPlain)
    {
        int count = _count;
        RowSpan[] index = _index;
        if (isPlain && _predicate is null && (uint)count < (uint)index.Length && (uint)length <= (uint)MaxRowBytes)
        {
            index[count] = new RowSpan(_receivedOffset + offset, length);
            _count = count + 1;
            _bytes += length;
            return;
        }

        Append(_received, _receivedOffset + offset, length, isPlain);
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        BeginWriting(sizeHint);
        return _scratch.AsMemory(_written);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        BeginWriting(sizeHint);
        return _scratch.AsSpan(_written);
    }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _scratch.Length - _written);
        _written += count;
        CheckRowSize(_written - _rowStart);
    }

    /// <summary>Ends the row made of everything written since the row before it.</summary>
    /// <exception cref="StreamRuntimeException">The row is larger than <see cref="MaxRowBytes"/>, or not valid text.</exception>
    /// <exception cref="InvalidOperationException">This receive attached bytes.</exception>
    public void EndRow()
    {
        if (_receivedLength > 0)
        {
            ThrowMixed();
        }

        _writing = true;
        Append(_scratch, _rowStart, _written - _rowStart, isPlain: false);
        _rowStart = _written;
    }

    /// <summary>States what the source holds beside the rows it wrote, such as a partial row in a buffer of its own.</summary>
    /// <param name="bytes">How many bytes, 0 or more.</param>
    public void ReportHeld(int bytes) => _held = bytes;

    /// <summary>Refuses a row before room is made for it.</summary>
    /// <exception cref="StreamRuntimeException"><paramref name="length"/> is larger than <see cref="MaxRowBytes"/>.</exception>
    public void CheckRowSize(long length)
    {
        if (length > MaxRowBytes)
        {
            ThrowTooLarge(length);
        }
    }

    /// <summary>Drops rows from the front that were already delivered.</summary>
    internal void DropFirst(int count)
    {
        foreach (RowSpan row in _index.AsSpan(0, count))
        {
            _bytes -= row.Length;
        }

        _index.AsSpan(count, _count - count).CopyTo(_index);
        _count -= count;
    }

    /// <summary>Forgets the rows of the last receive; the index and the scratch space are kept for the next.</summary>
    internal void Clear()
    {
        _received = [];
        _receivedLength = 0;
        _count = 0;
        _bytes = 0;
        _hasLineBreaks = false;
        IsHandedOut = false;
        IsDetached = false;
        _written = 0;
        _rowStart = 0;
        _writing = false;
        _held = 0;

        // One huge row must not keep its room for the rest of the stream's life.
        if (_scratch.Length > MaxBufferedBytes)
        {
            ArrayPool<byte>.Shared.Return(_scratch);
            _scratch = [];
        }
    }

    /// <summary>Gives the memory back. Only when nobody can still hold a row.</summary>
    internal void Release()
    {
        Clear();
        if (_index.Length > 0)
        {
            ArrayPool<RowSpan>.Shared.Return(_index);
            _index = [];
        }

        if (_scratch.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_scratch);
            _scratch = [];
        }
    }

    /// <summary>Forgets the rows of the last receive, and leaves the memory in which they lie to whoever still holds one of them.</summary>
    internal void Abandon()
    {
        _scratch = [];
        Release();
    }

    private void Append(byte[] bytes, int offset, int length, bool isPlain)
    {
        if ((uint)length > (uint)MaxRowBytes)
        {
            ThrowTooLarge((uint)length);
        }

        ReadOnlySpan<byte> row = bytes.AsSpan(offset, length);
        if (!isPlain && !RowText.IsPlain(row))
        {
            CheckText(row);
        }

        if (_predicate is not null && !_predicate(row))
        {
            _filtered++;
            return;
        }

        int count = _count;
        RowSpan[] index = _index;
        if ((uint)count >= (uint)index.Length)
        {
            index = GrowIndex();
        }

        index[count] = new RowSpan(offset, length);
        _count = count + 1;
        _bytes += length;
    }

    private void CheckText(ReadOnlySpan<byte> row)
    {
        if (!_rawText && !RowText.IsUtf8WithoutNul(row))
        {
            ThrowInvalidText(row);
        }

        _hasLineBreaks = _hasLineBreaks || RowText.HasLineBreak(row);
    }

    private RowSpan[] GrowIndex()
    {
        RowSpan[] larger = ArrayPool<RowSpan>.Shared.Rent(Math.Max(SmallestIndex, _index.Length * 2));
        _index.AsSpan(0, _count).CopyTo(larger);
        if (_index.Length > 0)
        {
            ArrayPool<RowSpan>.Shared.Return(_index);
        }

        _index = larger;
        return larger;
    }

    private void BeginWriting(int sizeHint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        if (_receivedLength > 0)
        {
            ThrowMixed();
        }

        _writing = true;
        if (_scratch.Length - _written < Math.Max(1, sizeHint))
        {
            EnsureScratch(checked(_written + Math.Max(256, sizeHint)));
        }
    }

    private void EnsureScratch(int size)
    {
        if (_scratch.Length >= size)
        {
            return;
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max(Math.Max((long)size, SmallestScratch), _scratch.Length * 2L)));
        _scratch.AsSpan(0, _written).CopyTo(larger);
        if (_scratch.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_scratch);
        }

        _scratch = larger;
    }

    [DoesNotReturn]
    private void ThrowTooLarge(long length) =>
        throw new StreamRuntimeException(
            ErrorKind.RowTooLarge,
            $"A row of {length} bytes is larger than MaxRowBytes ({MaxRowBytes} bytes). Raise MaxRowBytes, or select less in one row.");

    [DoesNotReturn]
    private static void ThrowInvalidText(ReadOnlySpan<byte> row) =>
        throw new StreamRuntimeException(
            ErrorKind.InvalidRow,
            row.Contains((byte)0)
                ? $"A row of {row.Length} bytes holds a NUL byte at offset {row.IndexOf((byte)0)}, which JSON text may not. Set AllowInvalidText to pass such rows through."
                : $"A row of {row.Length} bytes is not valid UTF-8. Set AllowInvalidText to pass such rows through.");

    [DoesNotReturn]
    private void ThrowOutside(int offset, int length) =>
        throw new ArgumentOutOfRangeException(
            nameof(length), $"A row at {offset} of {length} bytes does not lie in the {_receivedLength} attached bytes.");

    [DoesNotReturn]
    private static void ThrowElsewhere() =>
        throw new InvalidOperationException("Rows were added already, and they lie in other memory. One receive attaches one array.");

    [DoesNotReturn]
    private static void ThrowMixed() =>
        throw new InvalidOperationException("One receive either attaches received bytes or writes rows, not both.");
}

/// <summary>Where a row lies in its batch's bytes.</summary>
internal readonly record struct RowSpan(int Offset, int Length);
