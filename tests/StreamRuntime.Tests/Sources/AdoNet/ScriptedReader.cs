using System.Collections;
using System.Data.Common;
using System.Text;

namespace StreamRuntime.Tests.Sources.AdoNet;

/// <summary>A column of a <see cref="ScriptedReader"/>.</summary>
internal sealed record ScriptedColumn(string Name, Type Type, string TypeName = "");

/// <summary>
/// A provider's reader under the test's control: its rows, what it waits for, where it fails. A value that is an exception is thrown by whatever asks for it. It is
/// as strict as providers are: nothing is read twice or backwards, and not while an answer is pending or after it was closed.
/// </summary>
internal sealed class ScriptedReader(ScriptedColumn[] columns, params object?[][] rows) : DbDataReader
{
    private int _row = -1;
    private int _column = -1;
    private bool _isTaken;
    private bool _isClosed;
    private TaskCompletionSource? _pending;

    /// <summary>Whether values have to be waited for, in pieces of <see cref="PieceBytes"/>.</summary>
    public bool IsSequential { get; init; }

    /// <summary>How many bytes a stream gives at once.</summary>
    public int PieceBytes { get; init; } = int.MaxValue;

    /// <summary>Asked before each answer that may be pending; true leaves it pending until <see cref="Deliver"/>.</summary>
    public Func<string, bool> IsPending { get; set; } = _ => false;

    /// <summary>False for a provider that knows no <see cref="GetChars"/>.</summary>
    public bool HasChars { get; init; } = true;

    public Exception? ClosingFailure { get; init; }

    /// <summary>What the provider does when its command is cancelled while an answer is pending: the answer fails.</summary>
    public Exception? Cancelled { get; private set; }

    /// <summary>Every call that would have the provider receive something.</summary>
    public List<string> Calls { get; } = [];

    public int Closings { get; private set; }

    public bool IsDisposed { get; private set; }

    public int StringsMade { get; private set; }

    public override int FieldCount => columns.Length;

    public override bool HasRows => rows.Length > 0;

    public override bool IsClosed => _isClosed;

    public override int Depth => 0;

    public override int RecordsAffected => -1;

    public override object this[int ordinal] => GetValue(ordinal);

    public override object this[string name] => throw new NotSupportedException();

    /// <summary>Lets the pending answer come.</summary>
    public void Deliver() => Interlocked.Exchange(ref _pending, null)!.SetResult();

    public bool HasPending => Volatile.Read(ref _pending) is not null;

    /// <summary>The command was cancelled.</summary>
    public void Cancel(Exception failure)
    {
        Cancelled = failure;
        Interlocked.Exchange(ref _pending, null)?.SetException(failure);
    }

    public override bool Read() => ReadAsync(CancellationToken.None).GetAwaiter().GetResult();

    public override async Task<bool> ReadAsync(CancellationToken cancellationToken)
    {
        await AnswerAsync("read", cancellationToken);
        _row++;
        _column = -1;
        _isTaken = true;
        if (_row < rows.Length && rows[_row] is [Exception failure] && columns.Length != 1)
        {
            throw failure;
        }

        return _row < rows.Length;
    }

    public override bool NextResult() => throw new InvalidOperationException("Only the first result is anybody's business.");

    public override async Task<bool> IsDBNullAsync(int ordinal, CancellationToken cancellationToken)
    {
        await AnswerAsync($"null {ordinal}", cancellationToken);
        return IsDBNull(ordinal);
    }

    public override bool IsDBNull(int ordinal)
    {
        Seek(ordinal);
        return rows[_row][ordinal] is null or DBNull;
    }

    public override async Task<T> GetFieldValueAsync<T>(int ordinal, CancellationToken cancellationToken)
    {
        await AnswerAsync($"value {ordinal}", cancellationToken);
        return (T)Take(ordinal);
    }

    public override T GetFieldValue<T>(int ordinal) => (T)TakeNow(ordinal);

    public override object GetValue(int ordinal) => TakeNow(ordinal);

    public override bool GetBoolean(int ordinal) => (bool)TakeNow(ordinal);

    public override byte GetByte(int ordinal) => (byte)TakeNow(ordinal);

    public override char GetChar(int ordinal) => (char)TakeNow(ordinal);

    public override DateTime GetDateTime(int ordinal) => (DateTime)TakeNow(ordinal);

    public override decimal GetDecimal(int ordinal) => (decimal)TakeNow(ordinal);

    public override double GetDouble(int ordinal) => (double)TakeNow(ordinal);

    public override float GetFloat(int ordinal) => (float)TakeNow(ordinal);

    public override Guid GetGuid(int ordinal) => (Guid)TakeNow(ordinal);

    public override short GetInt16(int ordinal) => (short)TakeNow(ordinal);

    public override int GetInt32(int ordinal) => (int)TakeNow(ordinal);

    public override long GetInt64(int ordinal) => (long)TakeNow(ordinal);

    public override string GetString(int ordinal)
    {
        StringsMade++;
        return (string)Take(ordinal);
    }

    public override long GetBytes(int ordinal, long dataOffset, byte[]? buffer, int bufferOffset, int length)
    {
        if (IsSequential)
        {
            throw new InvalidOperationException("This would hold the thread until the bytes are here.");
        }

        byte[] value = Look<byte[]>(ordinal);
        if (buffer is null)
        {
            return value.Length;
        }

        int copied = Math.Min(length, value.Length - (int)dataOffset);
        value.AsSpan((int)dataOffset, copied).CopyTo(buffer.AsSpan(bufferOffset));
        return copied;
    }

    public override long GetChars(int ordinal, long dataOffset, char[]? buffer, int bufferOffset, int length)
    {
        if (!HasChars)
        {
            throw new NotSupportedException("This provider has no GetChars.");
        }

        string value = Look<string>(ordinal);
        int copied = Math.Min(length, value.Length - (int)dataOffset);
        value.AsSpan((int)dataOffset, copied).CopyTo(buffer.AsSpan(bufferOffset));
        return copied;
    }

    public override Stream GetStream(int ordinal) => new PieceStream(this, Take<byte[]>(ordinal));

    public override string GetDataTypeName(int ordinal) => columns[ordinal].TypeName;

    public override Type GetFieldType(int ordinal) => columns[ordinal].Type;

    public override string GetName(int ordinal) => columns[ordinal].Name;

    public override int GetOrdinal(string name) => throw new NotSupportedException();

    public override int GetValues(object[] values) => throw new NotSupportedException();

    public override IEnumerator GetEnumerator() => throw new NotSupportedException();

    public override async Task CloseAsync()
    {
        await AnswerAsync("close", CancellationToken.None);
        Close();
    }

    public override void Close()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            Closings++;
            if (ClosingFailure is not null)
            {
                throw ClosingFailure;
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        if (disposing && !_isClosed && HasPending)
        {
            throw new InvalidOperationException("An answer is pending.");
        }

        base.Dispose(disposing);
    }

    private async Task AnswerAsync(string what, CancellationToken cancellationToken)
    {
        if (_isClosed || HasPending)
        {
            throw new InvalidOperationException($"{what}: the reader is closed, or somebody waits for it.");
        }

        Calls.Add(what);
        cancellationToken.ThrowIfCancellationRequested();
        if (IsPending(what))
        {
            var pending = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _pending, pending);
            using CancellationTokenRegistration cancelled = cancellationToken.Register(() => Cancel(new OperationCanceledException(cancellationToken)));
            await pending.Task;
        }
    }

    private void Seek(int ordinal)
    {
        if (_isClosed || HasPending || _row < 0 || _row >= rows.Length || ordinal < _column || (ordinal == _column && _isTaken))
        {
            throw new InvalidOperationException($"Column {ordinal} of row {_row} can't be read any more, or not now.");
        }

        if (ordinal > _column)
        {
            _column = ordinal;
            _isTaken = false;
        }
    }

    private object TakeNow(int ordinal) =>
        IsSequential ? throw new InvalidOperationException("This would hold the thread until the value is here.") : Take(ordinal);

    private object Take(int ordinal) => Take<object>(ordinal);

    private T Take<T>(int ordinal)
    {
        T value = Look<T>(ordinal);
        _isTaken = true;
        return value;
    }

    private T Look<T>(int ordinal)
    {
        Seek(ordinal);
        object value = rows[_row][ordinal] is Exception failure ? throw failure : rows[_row][ordinal]!;
        return value switch
        {
            T right => right,
            string text when typeof(T) == typeof(byte[]) => (T)(object)Encoding.UTF8.GetBytes(text),
            _ => throw new InvalidCastException($"A {value.GetType().Name} is no {typeof(T).Name}."),
        };
    }

    private sealed class PieceStream(ScriptedReader reader, byte[] bytes) : Stream
    {
        private int _at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await reader.AnswerAsync("bytes", cancellationToken);
            int copied = Math.Min(Math.Min(buffer.Length, reader.PieceBytes), bytes.Length - _at);
            bytes.AsMemory(_at, copied).CopyTo(buffer);
            _at += copied;
            return copied;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new InvalidOperationException("This would hold the thread.");

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
