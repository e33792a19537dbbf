using System.Data.Common;
using System.Runtime.CompilerServices;
using StreamRuntime.Streams;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>The rows of a provider's reader, made into JSON in a buffer of ours.</summary>
/// <remarks>
/// <para>
/// One receive either waits for the one thing that the provider is doing, or goes on for as long as the provider has what is asked for. What it has not is left
/// pending: the rows before it are handed out, and nothing is begun after a pause. So a row may be made in several receives;
/// where it stands is in the fields.
/// </para>
/// <para>Rows come from one reader of the stream at a time; a cancellation may come from any thread.</para>
/// </remarks>
internal sealed class DataReaderRowSource(DbDataReader reader, DataReaderRowsOptions options, ReaderOwnership ownership) : IRowSource
{
    private readonly RowBuffer _buffer = new();
    private ColumnSelection? _selection;
    private JsonColumn[] _columns = [];
    private bool _isObject;
    private CancellationToken _stop;
    private CancellationTokenRegistration _stopping;
    private RowWriter? _rows;

    private Waiting _waiting;
    private Task<bool>? _answer;
    private Task? _ending;
    private bool _isOnRow;
    private bool _isNull;
    private bool _isWhole;
    private int _column;
    private Step _step;
    private bool _hasEnded;
    private bool _hasFailed;
    private bool _isDisposed;

    private enum Waiting : byte
    {
        Nothing,

        /// <summary>Whether there is another row.</summary>
        Row,

        /// <summary>Whether a value is NULL.</summary>
        Null,

        /// <summary>A value.</summary>
        Value,

        /// <summary>The end of the command.</summary>
        End,
    }

    private enum Step : byte
    {
        /// <summary>The column's name, and whether it is NULL.</summary>
        Begin,

        /// <summary>Its value.</summary>
        Value,

        /// <summary>The rest of its value.</summary>
        Continue,
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
        try
        {
            switch (_waiting)
            {
                case Waiting.Row:
                    BeginRow(await _answer!.ConfigureAwait(false));
                    break;
                case Waiting.Null:
                    _isNull = await _answer!.ConfigureAwait(false);
                    _step = Step.Value;
                    break;
                case Waiting.Value:
                    await _columns[_column].WaitAsync().ConfigureAwait(false);
                    _columns[_column].TakeReceived(_buffer);
                    break;
                case Waiting.End:
                    await _ending!.ConfigureAwait(false);
                    _waiting = Waiting.Nothing;
                    return End();
                default:
                    break;
            }

            if (_waiting != Waiting.Nothing)
            {
                // Nothing else is asked for before the stream has looked whether it was paused meanwhile.
                _waiting = Waiting.Nothing;
                _buffer.BeginReceive(rows);
                _buffer.EndReceive();
                return true;
            }

            return Take(rows, cancellationToken);
        }
        catch (Exception failure)
        {
            _waiting = Waiting.Nothing;

            // What a server reported has ended the command.
            _hasFailed = failure is DbException { SqlState.Length: > 0 } and not StreamRuntimeException;
            if (failure is StreamRuntimeException || cancellationToken.IsCancellationRequested)
            {
                throw;
            }

            throw Explain(failure);
        }
    }

    public int ReleaseIdleMemory() => _waiting == Waiting.Value ? _buffer.RowLength : _buffer.ReleaseIdle();

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        // From here on nobody but this closing cancels.
        _isDisposed = true;
        await _stopping.DisposeAsync().ConfigureAwait(false);
        if (!_hasEnded && !_hasFailed)
        {
            ownership.Cancel();
        }

        bool isLeftAlone = true;
        try
        {
            isLeftAlone = await ownership.CloseAsync(Pending()).ConfigureAwait(false);
        }
        finally
        {
            foreach (JsonColumn column in _columns)
            {
                column.Release();
            }

            // The consumer may still hold rows that lie in the buffer, and a provider that did not let go may still write to it.
            _buffer.Release(isSeen: !isLeftAlone || _rows is { Count: > 0 });
        }
    }

    private Task? Pending()
    {
        Waiting waiting = _waiting;
        _waiting = Waiting.Nothing;
        return waiting switch
        {
            Waiting.Row or Waiting.Null => _answer,
            Waiting.Value => _columns[_column].WaitAsync().AsTask(),
            Waiting.End => _ending,
            _ => null,
        };
    }

    private bool Take(RowWriter rows, CancellationToken cancellationToken)
    {
        _buffer.BeginReceive(rows);
        try
        {
            if (_selection is null)
            {
                Begin(rows, cancellationToken);
            }

            return TakeRows();
        }
        finally
        {
            _buffer.EndReceive();
        }
    }

    private void Begin(RowWriter rows, CancellationToken cancellationToken)
    {
        _rows = rows;
        _stop = cancellationToken;
        _stopping = cancellationToken.UnsafeRegister(static ownership => ((ReaderOwnership)ownership!).Cancel(), ownership);
        _selection = new ColumnSelection(reader, options);
        _columns = _selection.Select(out _isObject);
    }

    /// <summary>Makes rows until the provider has to be waited for; false at the end of the result.</summary>
    private bool TakeRows()
    {
        while (true)
        {
            if (!_isOnRow)
            {
                if (_hasEnded || _buffer.IsFull)
                {
                    return !_hasEnded;
                }

                Task<bool> read = reader.ReadAsync(_stop);
                if (!read.IsCompletedSuccessfully)
                {
                    _answer = read;
                    _waiting = Waiting.Row;
                    return true;
                }

                BeginRow(read.Result);
                continue;
            }

            if (_column >= 0 && !TryWriteRow())
            {
                return true;
            }

            if (_column < 0)
            {
                return TryEnd();
            }

            if (!_buffer.TryEndRow())
            {
                return true;
            }

            _isOnRow = false;
        }
    }

    private void BeginRow(bool hasRow)
    {
        _isOnRow = true;
        _isWhole = false;
        _step = Step.Begin;

        // No row of its own, but what has to be done behind the last one.
        _column = hasRow ? 0 : -1;
    }

    private bool TryEnd()
    {
        Task end = ownership.EndAsync();
        if (!end.IsCompletedSuccessfully)
        {
            _ending = end;
            _waiting = Waiting.End;
            return true;
        }

        return End();
    }

    private bool End()
    {
        // There is nothing left to cancel.
        _hasEnded = true;
        _stopping.Unregister();
        return false;
    }

    /// <summary>Goes on with the row; false when it has to wait.</summary>
    private bool TryWriteRow()
    {
        if (_isWhole)
        {
            return true;
        }

        RowBuffer buffer = _buffer;
        JsonColumn[] columns = _columns;
        for (; _column < columns.Length; _column++)
        {
            JsonColumn column = columns[_column];
            if (_step == Step.Begin)
            {
                buffer.Write(column.Key);
                if (!TryAskNull(column))
                {
                    return false;
                }
            }

            if (_isNull)
            {
                buffer.Write("null"u8);
            }
            else
            {
                ColumnProgress progress = _step == Step.Continue ? column.Continue(reader, buffer) : column.Begin(reader, buffer);
                if (progress != ColumnProgress.Written)
                {
                    _step = Step.Continue;
                    _waiting = progress == ColumnProgress.Waits ? Waiting.Value : Waiting.Nothing;
                    return false;
                }
            }

            _step = Step.Begin;
        }

        if (_isObject)
        {
            buffer.Write(columns.Length == 0 ? "{}"u8 : "}"u8);
        }

        _isWhole = true;
        return true;
    }

    private bool TryAskNull(JsonColumn column)
    {
        if (!options.SequentialAccess)
        {
            _isNull = reader.IsDBNull(column.Ordinal);
            return true;
        }

        Task<bool> isNull = reader.IsDBNullAsync(column.Ordinal, CancellationToken.None);
        if (!isNull.IsCompletedSuccessfully)
        {
            _answer = isNull;
            _waiting = Waiting.Null;
            return false;
        }

        _isNull = isNull.Result;
        return true;
    }

    private StreamRuntimeException Explain(Exception failure)
    {
        bool isConversion = failure is InvalidCastException or NotSupportedException or OverflowException or FormatException or ArgumentException;
        return isConversion && _isOnRow && _column >= 0 && _column < _columns.Length
            ? DataReaderException.Unreadable(failure, _column, reader.GetName(_column), _selection!.TypeName(_column))
            : DataReaderException.From(failure, "Reading from the provider");
    }
}
