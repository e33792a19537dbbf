using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using StreamRuntime.Postgres.Diagnostics;
using StreamRuntime.Postgres.Protocol;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Transport;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.Rows;

/// <summary>The rows of one running query, pointed out in the connection's receive buffer.</summary>
/// <remarks>
/// Owns its connection until it is disposed. One receive of the stream is at most one receive of the socket, after which every message that is
/// whole is looked at; the last, partial one waits for the next. Complete means CommandComplete and ReadyForQuery, nothing less.
/// </remarks>
internal class PostgresRowSource : IRowSource
{
    /// <summary>Why a query that has no key can't be parked.</summary>
    public const string WithoutKey = "its query has no key by which the last row delivered could be found again; name one with PostgresQuery.WithKey";

    private const int RowHeaderBytes = BackendMessage.HeaderBytes + 2;
    private const int ColumnHeaderBytes = RowHeaderBytes + 4;
    private const ulong OneColumn = (ulong)BackendMessageType.DataRow << 56 | 1 << 8;
    private const ulong OneColumnMask = 0xFF00_0000_00FF_FF00;

    private readonly PostgresConnection _connection;
    private readonly Func<PostgresConnection, bool, ValueTask> _release;
    private DescribedAgain? _describedAgain;
    private PreparedRun? _prepared;
    private PostgresServerMessage? _refusal;
    private int _closes;
    private StatementShape _shape;
    private JsonObjectEncoder? _encoder;
    private int _columns;
    private int _framingBytes;
    private RowWriter? _rows;
    private Phase _phase;
    private int _taken;
    private int _needed;
    private bool _isLookedAt;
    private bool _isDisposed;

    // How much of what is held beside the taken was there at the last look, and how far a look ahead of its turn has come.
    private int _seenRest;
    private int _skimmed;

    /// <summary>Takes over a connection on which a query's last messages are being sent: Bind, Execute and Sync, or all of them.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="shape">What the statement gives.</param>
    /// <param name="release">Takes the connection back, with true when it is clean.</param>
    /// <param name="describedAgain">Not null when Describe was sent with the rest, and Parse unless the statement was prepared, on the word of an earlier run.</param>
    /// <param name="prepared">Not null when the statement has a name.</param>
    /// <param name="closes">How many statements were closed ahead of it.</param>
    public PostgresRowSource(
        PostgresConnection connection,
        StatementShape shape,
        Func<PostgresConnection, bool, ValueTask> release,
        DescribedAgain? describedAgain = null,
        PreparedRun? prepared = null,
        int closes = 0)
    {
        _connection = connection;
        _release = release;
        _describedAgain = describedAgain;
        _prepared = prepared;
        _closes = closes;
        _phase = describedAgain is null || prepared is { IsParsed: true } ? Phase.Binding : Phase.Parsing;
        _shape = shape;
        Take(shape);
    }

    private enum Phase : byte
    {
        /// <summary>ParseComplete is due, and then BindComplete.</summary>
        Parsing,

        /// <summary>BindComplete is due.</summary>
        Binding,

        /// <summary>RowDescription or NoData is due.</summary>
        Describing,

        /// <summary>Rows, then CommandComplete.</summary>
        Rows,

        /// <summary>CommandComplete has come; ReadyForQuery is due.</summary>
        Ending,

        /// <summary>ReadyForQuery has come.</summary>
        Ended,

        /// <summary>The server reported an error; ReadyForQuery is due.</summary>
        Failed,

        /// <summary>The connection can't be used any more.</summary>
        Broken,

        /// <summary>The server would not bind what it had prepared; ReadyForQuery is due.</summary>
        Refused,

        /// <summary>ReadyForQuery has come, and the statement is to be run from its text.</summary>
        Again,
    }

    /// <summary>Is told how the query ends; null where nobody listens.</summary>
    public QueryObservation? Observation { get; set; }

    /// <summary>The server that runs the query.</summary>
    public PostgresEndpoint Endpoint => _connection.Endpoint;

    /// <summary>Where the rows come from; not which, as a statement's text may hold values.</summary>
    public string Description => $"{_connection.Endpoint}/{_connection.Options.Database ?? _connection.Options.User}";

    /// <summary>How the session that runs the query reads the backslashes in its strings.</summary>
    public bool HasStandardStrings => _connection.Parameters.StandardConformingStrings;

    /// <summary>Whether a row has come that is wanted, or the end of the result.</summary>
    public bool HasRows { get; private set; }

    public string? ParkingRefusal => WithoutKey;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
        if (_rows is null)
        {
            _rows = rows;
            _connection.Input.MaxBufferedBytes = rows.MaxBufferedBytes;
        }

        Consume();
        if (_phase == Phase.Again)
        {
            await RunFromTextAsync(cancellationToken).ConfigureAwait(false);
        }

        if (_isLookedAt)
        {
            int received;
            try
            {
                received = await _connection.Input.ReceiveAsync(_needed, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException)
            {
                _phase = Phase.Broken;
                throw Lost(failure);
            }

            if (received == 0)
            {
                _phase = Phase.Broken;
                throw Lost(null);
            }
        }

        _isLookedAt = true;
        Frame(rows);
        return _phase != Phase.Ended;
    }

    /// <summary>Whether ReadyForQuery has come: there is no more to receive.</summary>
    public bool IsEnded => _phase == Phase.Ended;

    /// <summary>Whether something has been received that nobody has looked at, or needs no receive.</summary>
    public bool HasUnseen => !_isLookedAt || _connection.Input.Buffered.Length > _taken + _seenRest;

    /// <summary>Whether rows are pointed out where they were received, and not written anew.</summary>
    public bool AttachesRows => _encoder is null;

    /// <summary>Bytes that are held and not yet pointed out as rows.</summary>
    public int HeldBytes => _connection.Input.Buffered.Length - _taken;

    /// <summary>Begins a receive without looking at what it brings, for whoever waits for several at once. <see cref="Look"/> looks.</summary>
    /// <param name="needed">How much may be held together, what is held already included; 0 leaves it to the stream's limit.</param>
    /// <param name="cancellationToken">Ends the wait; no byte is lost by it.</param>
    /// <returns>The number of bytes received; 0 when the connection was closed.</returns>
    public ValueTask<int> BeginReceive(int needed, CancellationToken cancellationToken)
    {
        _connection.Input.Consume(_taken);
        _taken = 0;
        return _connection.Input.ReceiveAsync(Math.Max(_needed, needed), cancellationToken);
    }

    /// <summary>Points out every row that is here, without receiving.</summary>
    /// <returns>False at the end of the result.</returns>
    public bool Look(RowWriter rows)
    {
        if (_rows is null)
        {
            _rows = rows;
            _connection.Input.MaxBufferedBytes = rows.MaxBufferedBytes;
        }

        _connection.Input.Consume(_taken);
        _taken = 0;
        _isLookedAt = true;
        _skimmed = 0;
        Frame(rows);
        _seenRest = _connection.Input.Buffered.Length - _taken;
        return _phase != Phase.Ended;
    }

    /// <summary>
    /// Goes over the messages that have come without taking them, when their turn has not come yet.
    /// </summary>
    /// <returns>True when nothing is left to receive: ReadyForQuery is here, or an error, or a row that is too large to be held.</returns>
    public bool IsWhole(int mostHeld)
    {
        ReadOnlySpan<byte> buffered = _connection.Input.BufferedSpan;
        while (BackendMessage.TryReadHeader(buffered[_skimmed..], out BackendMessageType type, out int bodyLength))
        {
            if (type is BackendMessageType.ReadyForQuery or BackendMessageType.ErrorResponse || bodyLength > mostHeld - BackendMessage.HeaderBytes)
            {
                return true;
            }

            if (buffered.Length - _skimmed - BackendMessage.HeaderBytes < bodyLength)
            {
                break;
            }

            _skimmed += BackendMessage.HeaderBytes + bodyLength;
        }

        return false;
    }

    /// <summary>Takes note that the connection is lost.</summary>
    /// <param name="cause">What the receive failed with; null when it brought nothing.</param>
    public StreamRuntimeException Break(Exception? cause)
    {
        _phase = Phase.Broken;
        return Lost(cause);
    }

    public int ReleaseIdleMemory()
    {
        Consume();
        _connection.Input.ReleaseIdleMemory();
        return _connection.Input.Buffered.Length;
    }

    public void Ending(StreamState end, Exception? error) => Observation?.End(error);

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            // The connection may be somebody else's by now.
            return;
        }

        _isDisposed = true;
        if (_rows is { Count: > 0 })
        {
            // The consumer may still hold rows that lie in the connection's buffer.
            DetachRows();
        }

        // Whoever uses the connection next starts behind what was looked at here.
        Consume();
        bool clean = _phase is Phase.Ended or Phase.Again;
        if (_phase is < Phase.Ended or Phase.Failed or Phase.Refused)
        {
            clean = await QueryCanceller.DrainAsync(_connection, cancel: _phase <= Phase.Rows).ConfigureAwait(false);
        }

        await _release(_connection, clean).ConfigureAwait(false);
    }

    /// <summary>Leaves the buffer to whoever still looks at its rows.</summary>
    public void DetachRows() => _connection.Input.Detach();

    /// <summary>What has been received and is looked at, or will be; rows are counted from its start.</summary>
    private protected ReadOnlySpan<byte> Received => _connection.Input.BufferedSpan;

    private protected JsonObjectEncoder? Encoder => _encoder;

    /// <summary>How many columns a row has.</summary>
    private protected int Columns => _columns;

    /// <summary>What of a row's message is not part of its size.</summary>
    private protected virtual int FramingBytes(int columns) => 2 + 4 * columns;

    /// <summary>Called before what was looked at is dropped from the buffer.</summary>
    private protected virtual void Consuming()
    {
    }

    /// <summary>Takes one whole row.</summary>
    private protected virtual void TakeRow(ReadOnlySpan<byte> buffered, int start, int bodyLength, RowWriter rows)
    {
        if (_encoder is not null)
        {
            rows.CheckRowSize((long)bodyLength - _framingBytes);
            _encoder.Write(buffered.Slice(start + BackendMessage.HeaderBytes, bodyLength), rows);
            return;
        }

        // One column: its count, its length, its bytes, and nothing else.
        if (bodyLength < 6 || BinaryPrimitives.ReadInt16BigEndian(buffered[(start + BackendMessage.HeaderBytes)..]) != 1)
        {
            BackendMessage.Violation($"a row of one column came with {bodyLength} bytes and a column count that does not fit");
        }

        int length = BinaryPrimitives.ReadInt32BigEndian(buffered[(start + RowHeaderBytes)..]);
        if (length == bodyLength - 6)
        {
            rows.Add(start + RowHeaderBytes + 4, length);
        }
        else if (length == -1 && bodyLength == 6)
        {
            AddNull(start + RowHeaderBytes, rows);
        }
        else
        {
            BackendMessage.Violation($"a row's column states {length} bytes where its message has {bodyLength - 6}");
        }
    }

    /// <summary>Adds the JSON null for an SQL NULL: it is just as long as the length word that said so.</summary>
    /// <param name="at">Where that stands.</param>
    /// <param name="rows">Takes the row.</param>
    private protected void AddNull(int at, RowWriter rows)
    {
        "null"u8.CopyTo(MemoryMarshal.AsMemory(_connection.Input.Buffered).Span[at..]);
        rows.Add(at, 4);
    }

    /// <summary>Asks the server something after the result has ended. If that fails the connection can't be used any more.</summary>
    private protected async Task<string?> AskAsync(string question, IReadOnlyList<PostgresParameter> values, CancellationToken cancellationToken)
    {
        // Nobody is to take the connection for clean while an answer is due.
        Consume();
        _phase = Phase.Broken;
        string? answer;
        try
        {
            answer = await ScalarQuery.ReadAsync(
                _connection, question, [.. values.Select(v => v.TypeOid)], [.. values.Select(v => v.Text)], cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await QueryCanceller.RequestAsync(_connection).ConfigureAwait(false);
            throw;
        }
        catch (PostgresServerException)
        {
            // It was heard to the end.
            _phase = Phase.Ended;
            throw;
        }

        _phase = Phase.Ended;
        return answer;
    }

    private void Consume()
    {
        Consuming();
        _connection.Input.Consume(_taken);
        _taken = 0;
    }

    /// <summary>Starts over with the statement's text. Nothing of the refused run was executed.</summary>
    private async Task RunFromTextAsync(CancellationToken cancellationToken)
    {
        _phase = Phase.Broken;
        try
        {
            Take(await _prepared!.RunFromTextAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (StreamRuntimeException refused) when (Resynchronization.CanHelp(refused))
        {
            if (await Resynchronization.TryRunAsync(_connection).ConfigureAwait(false))
            {
                _phase = Phase.Ended;
            }

            throw;
        }

        _prepared = null;
        _describedAgain = null;
        _phase = Phase.Binding;
    }

    private void Take(StatementShape shape)
    {
        _shape = shape;
        _encoder = shape.Encoder;
        _columns = shape.Columns;
        _framingBytes = FramingBytes(_columns);
        _connection.OnlyReads = shape.OnlyReads;
    }

    /// <summary>Looks at every whole message that has been received.</summary>
    private void Frame(RowWriter rows)
    {
        ReadOnlyMemory<byte> memory = _connection.Input.Buffered;
        ReadOnlySpan<byte> buffered = memory.Span;
        if (_encoder is null)
        {
            rows.Attach(memory);
        }

        int at = 0;
        try
        {
            bool more = true;
            while (more && _phase is not (Phase.Ended or Phase.Again) && _isLookedAt)
            {
                if (_phase == Phase.Rows && _encoder is null)
                {
                    at = TakeWholeRows(buffered, at, rows);
                }

                more = TryTakeMessage(buffered, ref at, rows);
            }
        }
        catch (StreamRuntimeException failure) when (failure.Kind == ErrorKind.Protocol)
        {
            _phase = Phase.Broken;
            throw;
        }
        finally
        {
            // Also after a throw, for whoever drains the rest.
            _taken = at;
            HasRows |= rows.Count > 0;

            // Where there is no row yet, what is held is the beginning of one. Other messages, whole or begun, would pass for its progress.
            int held = at < buffered.Length && buffered[at] == (byte)BackendMessageType.DataRow ? buffered.Length - at : 0;
            if (_encoder is not null)
            {
                rows.ReportHeld(held);
            }
            else if (rows.Count == 0)
            {
                rows.Attach(memory.Slice(at, held));
            }
        }
    }

    /// <summary>Takes the rows of one column that lie one behind the other, which is nearly all there is. Whatever is not so plain is left where it lies.</summary>
    /// <returns>Where the first message begins that was not taken.</returns>
    private static int TakeWholeRows(ReadOnlySpan<byte> buffered, int at, RowWriter rows)
    {
        while (buffered.Length - at >= ColumnHeaderBytes)
        {
            // The type, the message's length, the number of columns, and the first byte of the column's length.
            ulong head = BinaryPrimitives.ReadUInt64BigEndian(buffered[at..]);
            int length = (int)(uint)(head >> 24) - (ColumnHeaderBytes - 1);
            if ((head & OneColumnMask) != OneColumn
                || (uint)length > (uint)(buffered.Length - at - ColumnHeaderBytes)
                || BinaryPrimitives.ReadInt32BigEndian(buffered[(at + RowHeaderBytes)..]) != length)
            {
                break;
            }

            rows.Add(at + ColumnHeaderBytes, length);
            at += ColumnHeaderBytes + length;
        }

        return at;
    }

    private bool TryTakeMessage(ReadOnlySpan<byte> buffered, ref int at, RowWriter rows)
    {
        _needed = 0;
        if (!BackendMessage.TryReadHeader(buffered[at..], out BackendMessageType type, out int bodyLength))
        {
            return false;
        }

        // Compared without adding: a body may state a length that leaves no room for its header in 31 bits.
        bool isHere = buffered.Length - at - BackendMessage.HeaderBytes >= bodyLength;
        if (type == BackendMessageType.DataRow)
        {
            if (_phase != Phase.Rows)
            {
                BackendMessage.Unexpected(type, Where());
            }

            if (!isHere)
            {
                // Refused before room is made for it. The framing of a row is not part of its size.
                rows.CheckRowSize((long)bodyLength - _framingBytes);
                _needed = BackendMessage.HeaderBytes + bodyLength;
                return false;
            }

            int start = at;
            at += BackendMessage.HeaderBytes + bodyLength;
            TakeRow(buffered, start, bodyLength, rows);
            return true;
        }

        BackendMessage.CheckBody(type, bodyLength);
        if (!isHere)
        {
            _needed = BackendMessage.HeaderBytes + bodyLength;
            return false;
        }

        ReadOnlySpan<byte> body = buffered.Slice(at + BackendMessage.HeaderBytes, bodyLength);
        at += BackendMessage.HeaderBytes + bodyLength;
        TakeOther(type, body);
        return true;
    }

    private void TakeOther(BackendMessageType type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case BackendMessageType.CloseComplete when _closes > 0:
                BackendMessage.CheckEnd(body, type);
                _closes--;
                break;
            case BackendMessageType.ParseComplete when _phase == Phase.Parsing && _closes == 0:
                BackendMessage.CheckEnd(body, type);
                _prepared?.Parsed();
                _phase = Phase.Binding;
                break;
            case BackendMessageType.BindComplete when _phase == Phase.Binding && _closes == 0:
                BackendMessage.CheckEnd(body, type);
                _phase = _describedAgain is null ? Phase.Rows : Phase.Describing;
                break;
            case BackendMessageType.RowDescription when _phase == Phase.Describing && !body.IsEmpty:
                TakeDescription(body);
                break;
            case BackendMessageType.NoData when _phase == Phase.Describing:
                BackendMessage.CheckEnd(body, type);
                TakeDescription([]);
                break;
            case BackendMessageType.CommandComplete when _phase == Phase.Rows:
                ReadOnlySpan<byte> tag = BackendMessage.ReadText(ref body, type);
                BackendMessage.CheckEnd(body, type);
                _connection.Statements.TakeCommandTag(tag);
                HasRows = true;
                _phase = Phase.Ending;
                break;
            case BackendMessageType.EmptyQueryResponse when _phase == Phase.Rows && _columns == 0:
                BackendMessage.CheckEnd(body, type);
                _phase = Phase.Ending;
                break;
            case BackendMessageType.ReadyForQuery when _phase == Phase.Ending:
                _connection.TakeReadyForQuery(body);
                _phase = Phase.Ended;
                break;
            case BackendMessageType.ReadyForQuery when _phase == Phase.Refused:
                TakeReadyAgain(body);
                break;
            case BackendMessageType.ErrorResponse when _phase != Phase.Refused:
                PostgresServerMessage error = ServerMessageFields.Parse(body, type);
                if (_phase <= Phase.Binding && _prepared?.TryDropStale(error) == true)
                {
                    _refusal = error;
                    _phase = Phase.Refused;
                    break;
                }

                // After a fatal error the server hangs up, so there is nothing to wait for.
                _phase = error.Severity is "FATAL" or "PANIC" ? Phase.Broken : Phase.Failed;
                throw new PostgresServerException(error);
            case BackendMessageType.CopyInResponse or BackendMessageType.CopyOutResponse or BackendMessageType.CopyBothResponse:
                _phase = Phase.Broken;
                throw new StreamRuntimeException(ErrorKind.Configuration, "The statement is a COPY, which gives no rows. Use a query instead.");
            default:
                if (!_connection.TryHandleAnytime(type, body))
                {
                    BackendMessage.Unexpected(type, Where());
                }

                break;
        }
    }

    private void TakeReadyAgain(ReadOnlySpan<byte> body)
    {
        _connection.TakeReadyForQuery(body);
        if (_connection.TransactionStatus != TransactionStatus.Idle)
        {
            // A transaction that has failed takes no further statement.
            _phase = Phase.Ended;
            throw new PostgresServerException(_refusal!);
        }

        _phase = Phase.Again;
    }

    private void TakeDescription(ReadOnlySpan<byte> description)
    {
        _phase = Phase.Rows;
        if (!description.SequenceEqual(_shape.Description))
        {
            Take(_describedAgain!.Learn(_shape, description, _connection.Parameters.HasIsoDates));

            // The rows behind it are taken another way, so this look ends here and the next one needs no receive.
            _isLookedAt = false;
        }

        _prepared?.Described(_shape);
    }

    private string Where() => _phase switch
    {
        Phase.Parsing => "before ParseComplete",
        Phase.Refused => "after a statement was refused",
        Phase.Binding => "before BindComplete",
        Phase.Describing => "before RowDescription",
        Phase.Rows => "among the rows",
        Phase.Ending => "after CommandComplete",
        _ => "after the end of the result",
    };

    private StreamRuntimeException Lost(Exception? cause) => new(
        ErrorKind.ConnectionLost,
        cause is null
            ? $"The server at {_connection.Endpoint} closed the connection before the result was complete."
            : $"The connection to {_connection.Endpoint} was lost before the result was complete: {cause.Message}",
        cause,
        isTransient: true);
}
