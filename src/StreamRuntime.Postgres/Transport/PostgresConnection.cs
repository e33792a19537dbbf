using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using StreamRuntime.Buffers;
using StreamRuntime.Connections;
using StreamRuntime.Postgres.Protocol;

namespace StreamRuntime.Postgres.Transport;

/// <summary>One connection to a server: the pipes, and what the server told about the session.</summary>
/// <remarks>
/// One owner at a time reads and writes it: first the login, then each query's row source in turn. Beside it, a cancel request may look at
/// what the login left here, and at nothing else. After a failure it is closed and never used again.
/// </remarks>
internal sealed class PostgresConnection : IPooledConnection
{
    // Null over a stream that is no socket, which nothing can look into or cancel.
    private readonly Socket? _socket;
    private readonly Stream _stream;
    private readonly IncomingMessage _message = new();
    private int _taken;
    private bool _isSendingBroken;
    private bool _closed;

    public PostgresConnection(PostgresOptions options, PostgresEndpoint endpoint, Socket? socket, Stream stream, bool isTls)
    {
        Options = options;
        Endpoint = endpoint;
        _socket = socket;
        _stream = stream;
        IsTls = isTls;
        Statements = new PreparedStatements(options);
        Input = new ReceivePipeReader(stream, leaveOpen: true);
        Output = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
    }

    public PostgresOptions Options { get; }

    public PostgresEndpoint Endpoint { get; }

    public bool IsTls { get; }

    public ReceivePipeReader Input { get; }

    public PipeWriter Output { get; }

    public SessionParameters Parameters { get; } = new();

    /// <summary>What the server keeps prepared for this connection.</summary>
    public PreparedStatements Statements { get; }

    /// <summary>The address we are really connected to, for the cancel request; host names may have several.</summary>
    public EndPoint? RemoteEndPoint => _socket?.RemoteEndPoint;

    /// <summary>The server's process, 0 when it did not say.</summary>
    public int ProcessId { get; set; }

    /// <summary>What a cancel request must state; null when the server (or a proxy) gave none, and no query can be cancelled.</summary>
    public byte[]? SecretKey { get; set; }

    /// <summary>What is due of the answer to a <see cref="SessionReset"/>.</summary>
    public PendingReset Reset { get; set; }

    /// <summary>True while the answer to a <see cref="SessionReset"/> has not been read.</summary>
    public bool IsResetPending => Reset is { Commands: > 0 } or { HasSync: true };

    /// <summary>True when the session has to be reset ahead of the next query.</summary>
    public bool NeedsReset { get; set; }

    /// <summary>True once a reset has left the session as it was after the login, so that no pooler stands in between.</summary>
    public bool IsResetProven { get; set; }

    /// <summary>Whether what runs here only reads, as far as its text shows.</summary>
    public bool OnlyReads { get; set; }

    /// <summary>What the last ReadyForQuery said. Anything but idle is a transaction that somebody left open.</summary>
    public TransactionStatus TransactionStatus { get; private set; } = TransactionStatus.Idle;

    /// <summary>False when the server has closed the connection, or has said something unasked, which between two queries is nearly always its goodbye.</summary>
    public bool IsUsable => !_closed && !_isSendingBroken && (_socket is null || !IsTold());

    /// <summary>Bytes that lie ready in the socket although nothing was asked; unknown under TLS, whose own messages come unasked.</summary>
    public bool HasUnaskedBytes => Input.Buffered.Length > _taken || (!IsTls && _socket?.Available > 0);

    /// <summary>Sends what was written to <see cref="Output"/>.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        // Until all of it has gone out, the server may be in the middle of a message, where nothing else can be said.
        _isSendingBroken = true;
        try
        {
            await Output.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException)
        {
            throw Lost(failure);
        }

        _isSendingBroken = false;
    }

    /// <summary>Receives once; ends only with bytes.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.ConnectionLost"/>.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask ReceiveAsync(int needed, CancellationToken cancellationToken)
    {
        int received;
        try
        {
            received = await Input.ReceiveAsync(needed, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException)
        {
            throw Lost(failure);
        }

        if (received == 0)
        {
            throw Lost(null);
        }
    }

    /// <summary>Reads one whole message; its body is valid until the next read. Not for rows, which may be larger.</summary>
    public async ValueTask<IncomingMessage> ReadMessageAsync(CancellationToken cancellationToken)
    {
        Input.Consume(_taken);
        _taken = 0;
        while (true)
        {
            int needed = 0;
            if (BackendMessage.TryReadHeader(Input.BufferedSpan, out BackendMessageType type, out int bodyLength))
            {
                BackendMessage.CheckBody(type, bodyLength);
                needed = BackendMessage.HeaderBytes + bodyLength;
                if (Input.Buffered.Length >= needed)
                {
                    _taken = needed;
                    _message.Set(type, Input.Buffered.Slice(BackendMessage.HeaderBytes, bodyLength));
                    return _message;
                }
            }

            await ReceiveAsync(needed, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Ends the use of the last message of <see cref="ReadMessageAsync"/>, so that whoever reads on starts behind it.</summary>
    public void EndMessage()
    {
        Input.Consume(_taken);
        _taken = 0;
    }

    /// <summary>Deals with a message that may come at any time: a notice, a parameter change, a notification. False for any other.</summary>
    public bool TryHandleAnytime(BackendMessageType type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case BackendMessageType.NoticeResponse:
                if (Options.OnNotice is { } listener)
                {
                    listener(ServerMessageFields.Parse(body, type));
                }
                else
                {
                    ServerMessageFields.Check(body, type);
                }

                return true;
            case BackendMessageType.ParameterStatus:
                BackendMessage.ReadParameterStatus(body, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value);
                Parameters.Set(name, value);
                if (Parameters.ClientEncoding is { } encoding && encoding is not ("UTF8" or "UNICODE"))
                {
                    throw new StreamRuntimeException(
                        ErrorKind.Protocol, $"The session's client_encoding became {encoding}. Rows are UTF-8, so it must stay UTF8.");
                }

                return true;
            case BackendMessageType.NotificationResponse:
                BackendMessage.ReadInt32(ref body, type);
                BackendMessage.ReadText(ref body, type);
                BackendMessage.ReadText(ref body, type);
                BackendMessage.CheckEnd(body, type);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Takes note of what a ReadyForQuery says.</summary>
    public void TakeReadyForQuery(ReadOnlySpan<byte> body) => TransactionStatus = BackendMessage.ReadReadyForQuery(body);

    /// <summary>Says goodbye where that costs no waiting, and closes.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_closed)
        {
            return;
        }

        _closed = true;
        Input.Complete();

        // A socket that can't take five bytes now is closed without them: the server notices either way.
        if (!_isSendingBroken && _socket is { Connected: true } && _socket.Poll(0, SelectMode.SelectWrite))
        {
            try
            {
                FrontendMessages.Terminate(Output);
                await Output.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
            {
                // The connection was gone already, which is all that closing it wanted.
            }
        }

        await _stream.DisposeAsync().ConfigureAwait(false);
        _socket?.Dispose();
    }

    // A socket that can be read without waiting has bytes or has been closed. Under TLS bytes may be its own business, and while a reset is under way they
    // are its answer; that there are none is the end either way.
    private bool IsTold()
    {
        try
        {
            return _socket!.Poll(0, SelectMode.SelectRead) && (_socket.Available == 0 || (!IsTls && !IsResetPending));
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }

    private StreamRuntimeException Lost(Exception? cause) => new(
        ErrorKind.ConnectionLost,
        cause is null
            ? $"The server at {Endpoint} closed the connection before it had answered."
            : $"The connection to {Endpoint} was lost: {cause.Message}",
        cause,
        isTransient: true);
}
