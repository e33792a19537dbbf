namespace StreamRuntime.Streams;

/// <summary>The complete rows of one receive, in order, in place.</summary>
/// <remarks>A view, valid until the next read of its stream. Any thread may read it until then.</remarks>
public readonly struct RowBatch
{
    private readonly RowWriter? _rows;

    internal RowBatch(RowWriter rows) => _rows = rows;

    /// <summary>How many rows there are.</summary>
    public int Count => _rows?.Count ?? 0;

    /// <summary>The sum of the rows' sizes, in bytes.</summary>
    public long Bytes => _rows?.RowBytes ?? 0;

    /// <summary>One row.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="index"/> is not from 0 to <see cref="Count"/> − 1.</exception>
    public JsonRow this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            RowSpan row = _rows!.Rows[index];
            return new JsonRow(_rows.Bytes, row.Offset, row.Length);
        }
    }

    /// <summary>Goes over the rows without allocating.</summary>
    public Enumerator GetEnumerator() => _rows is null ? default : new Enumerator(_rows.Bytes, _rows.Rows);

    /// <summary>Goes over the rows of a batch without allocating.</summary>
    public ref struct Enumerator
    {
        private readonly byte[] _bytes;
        private readonly ReadOnlySpan<RowSpan> _rows;
        private int _next;

        internal Enumerator(byte[] bytes, ReadOnlySpan<RowSpan> rows)
        {
            _bytes = bytes;
            _rows = rows;
        }

        /// <summary>The row at hand.</summary>
        public readonly JsonRow Current
        {
            get
            {
                RowSpan row = _rows[_next - 1];
                return new JsonRow(_bytes, row.Offset, row.Length);
            }
        }

        /// <summary>Goes to the next row; false after the last.</summary>
        public bool MoveNext()
        {
            int next = _next;
            if ((uint)next >= (uint)_rows.Length)
            {
                return false;
            }

            _next = next + 1;
            return true;
        }
    }
}
