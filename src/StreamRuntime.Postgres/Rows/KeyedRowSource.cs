using System.Buffers.Binary;
using StreamRuntime.Postgres.Protocol;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Transport;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.Rows;

/// <summary>The rows of one run of a statement that was made for a key: the key behind each row is checked and kept, and a run that begins at a place passes over the row there.</summary>
/// <remarks>
/// Nothing is kept per row but where its key lies in the receive buffer; before the buffer moves on, the last row's key is copied out of it.
/// </remarks>
internal sealed class KeyedRowSource : PostgresRowSource
{
    // A row's size is known exactly only when it is there; until then so much of its message may be its key.
    private const int MostKeyBytes = 64 * 1024;

    private readonly KeyTail _tail;
    private readonly bool _hasUnlikeTexts;

    // The key of the last row of the receives before; empty while there was none.
    private byte[] _before;
    private int _beforeLength;

    // Where the key of the latest receive's last row lies, kept or not; negative while there is none.
    private int _lastAt = -1;

    // Where the keys of the rows lie that the latest receive added and the predicate kept.
    private int[] _keysAt = [];
    private int _kept;
    private Mark _mark;

    public KeyedRowSource(
        PostgresConnection connection,
        StatementShape shape,
        KeyTail tail,
        Func<PostgresConnection, bool, ValueTask> release,
        DescribedAgain? describedAgain,
        PreparedRun? prepared,
        int closes)
        : base(connection, shape, release, describedAgain, prepared, closes)
    {
        _tail = tail;
        _before = [];
        foreach (uint type in tail.Types)
        {
            _hasUnlikeTexts |= type is KeyTypes.Numeric or KeyTypes.FixedChar;
        }
    }

    private enum Mark : byte
    {
        /// <summary>No row has come yet.</summary>
        None,

        /// <summary>The row at the place has come.</summary>
        Seen,

        /// <summary>A row behind it has come.</summary>
        Passed,
    }

    /// <summary>Begins behind the row with this key. Before the first receive.</summary>
    public void BeginAfter(ReadOnlySpan<byte> key)
    {
        _before = key.ToArray();
        _beforeLength = key.Length;
    }

    /// <summary>The key of the last row delivered; empty before the first.</summary>
    /// <param name="undelivered">As for <see cref="IParkableRowSource.GetPlace"/>.</param>
    public byte[] GetPlace(int undelivered)
    {
        if (undelivered > 0 && _kept > undelivered)
        {
            return KeyAt(_keysAt[_kept - undelivered - 1]).ToArray();
        }

        return undelivered == 0 && _lastAt >= 0 ? KeyAt(_lastAt).ToArray() : _before.AsSpan(0, _beforeLength).ToArray();
    }

    /// <summary>Whether something is to be asked after the last row.</summary>
    public bool HasQuestion => _tail.HasMark;

    /// <summary>After the last row: rows with a null in their key stand before no place and behind none, so a run that began at one has not seen them.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.KeyViolation"/>: there is one.</exception>
    public async Task CheckNoNullKeysAsync(CancellationToken cancellationToken)
    {
        if (HasQuestion && await AskAsync(_tail.NullQuestion!, _tail.Asked, cancellationToken).ConfigureAwait(false) != "f")
        {
            throw Violation("a row's key is null there, and such a row can't be found again");
        }
    }

    private protected override int FramingBytes(int columns) => base.FramingBytes(columns) + MostKeyBytes;

    private protected override void Consuming()
    {
        if (_lastAt >= 0)
        {
            ReadOnlySpan<byte> last = KeyAt(_lastAt);
            if (_before.Length < last.Length)
            {
                _before = new byte[last.Length];
            }

            last.CopyTo(_before);
            _beforeLength = last.Length;
        }

        _lastAt = -1;
        _kept = 0;
    }

    private protected override void TakeRow(ReadOnlySpan<byte> buffered, int start, int bodyLength, RowWriter rows)
    {
        ReadOnlySpan<byte> message = buffered.Slice(start, BackendMessage.HeaderBytes + bodyLength);
        int at = BackendMessage.HeaderBytes + sizeof(short);
        if (bodyLength < sizeof(short) || BinaryPrimitives.ReadInt16BigEndian(message[BackendMessage.HeaderBytes..]) != Columns)
        {
            BackendMessage.Violation($"a row of {Columns} columns came with {bodyLength} bytes and a column count that does not fit");
        }

        int json = at;
        for (int i = Columns - _tail.Columns; i > 0; i--)
        {
            Skip(message, ref at);
        }

        int key = at;
        for (int i = 0; i < _tail.Names.Length; i++)
        {
            int value = at;
            if (Skip(message, ref at) < 0)
            {
                throw Violation($"column \"{_tail.Names[i]}\" is null in a row");
            }

            CheckText(i, message[(value + sizeof(int))..at]);
        }

        int keyEnd = at;
        bool isAtPlace = _tail.HasMark && IsMarked(message, ref at);
        if (at != message.Length)
        {
            BackendMessage.Violation($"a row has {message.Length - at} bytes after its last column");
        }

        if (isAtPlace)
        {
            if (_mark != Mark.None)
            {
                throw NotUnique();
            }

            _mark = Mark.Seen;
            return;
        }

        _mark = Mark.Passed;
        CheckFollows(message[key..keyEnd]);
        int count = rows.Count;
        AddRow(message, start, json, key, rows);
        _lastAt = start + key;
        if (rows.Count > count)
        {
            if (_kept == _keysAt.Length)
            {
                Array.Resize(ref _keysAt, Math.Max(16, 2 * _kept));
            }

            _keysAt[_kept++] = _lastAt;
        }
    }

    private void AddRow(ReadOnlySpan<byte> message, int start, int json, int key, RowWriter rows)
    {
        if (Encoder is { } encoder)
        {
            rows.CheckRowSize((long)key - json);
            encoder.WriteColumns(message[json..key], rows);
            return;
        }

        int length = BinaryPrimitives.ReadInt32BigEndian(message[json..]);
        if (length < 0)
        {
            AddNull(start + json, rows);
        }
        else
        {
            rows.Add(start + json + sizeof(int), length);
        }
    }

    /// <summary>Refuses a row with the key of the row before, as far as that is seen here. The server says it of the row at the place.</summary>
    private void CheckFollows(ReadOnlySpan<byte> key)
    {
        ReadOnlySpan<byte> before = _lastAt >= 0 ? KeyAt(_lastAt) : _before.AsSpan(0, _beforeLength);
        if (before.SequenceEqual(key) || (_hasUnlikeTexts && !before.IsEmpty && IsSameKey(before, key)))
        {
            throw NotUnique();
        }
    }

    private bool IsSameKey(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        for (int i = 0; i < _tail.Types.Length; i++)
        {
            if (!KeyTypes.AreSame(_tail.Types[i], KeyText.ValueAt(one, i), KeyText.ValueAt(other, i)))
            {
                return false;
            }
        }

        return true;
    }

    private void CheckText(int column, ReadOnlySpan<byte> value)
    {
        if (_tail.Types[column] == KeyTypes.Bytea && !value.StartsWith("\\x"u8))
        {
            throw new StreamRuntimeException(
                ErrorKind.Configuration, $"Column \"{_tail.Names[column]}\" can't be part of a key: the session's bytea_output is not hex. Set it to hex.");
        }
    }

    private ReadOnlySpan<byte> KeyAt(int at)
    {
        ReadOnlySpan<byte> rest = Received[at..];
        return rest[..KeyText.LengthAt(rest, _tail.Names.Length)];
    }

    private static bool IsMarked(ReadOnlySpan<byte> message, ref int at)
    {
        int value = at;
        if (Skip(message, ref at) != 1)
        {
            BackendMessage.Violation("a row's mark is not one character");
        }

        return message[value + sizeof(int)] == (byte)'t';
    }

    /// <summary>Goes behind a column; gives its length, −1 for an SQL NULL.</summary>
    private static int Skip(ReadOnlySpan<byte> message, ref int at)
    {
        int left = message.Length - at - sizeof(int);
        int length = left < 0 ? int.MinValue : BinaryPrimitives.ReadInt32BigEndian(message[at..]);
        if (length < -1 || length > left)
        {
            BackendMessage.Violation("a row ends inside a column, or a column states a length that it can't have");
        }

        at += sizeof(int) + Math.Max(0, length);
        return length;
    }

    private StreamRuntimeException NotUnique() => Violation(
        _tail.Names.Length == 1 ? "two rows have the same value in it" : "two rows have the same values in them");

    private StreamRuntimeException Violation(string what) => new(
        ErrorKind.KeyViolation,
        $"The key ({string.Join(", ", _tail.Names)}) can't tell the rows of the result apart: {what}. A key's columns must be unique together and not null.");
}
