using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using StreamRuntime.TestKit.Streams;

namespace StreamRuntime.TestKit.Servers;

/// <summary>One accepted connection, in the hands of its script.</summary>
/// <remarks>Used by the script alone; <see cref="SentBytes"/> may be read by any thread.</remarks>
public sealed class ScriptedConnection : IDisposable
{
    private const int SslRequestCode = 80877103;
    private const int GssRequestCode = 80877104;
    private const int CancelRequestCode = 80877102;
    private const int LargestMessage = 1 << 30;

    private readonly ScriptedServer _server;
    private readonly ScriptedTransport _transport;

    internal ScriptedConnection(ScriptedServer server, Socket socket, int number)
    {
        _server = server;
        Number = number;
        ClientPort = ((IPEndPoint)socket.RemoteEndPoint!).Port;
        Socket = socket;
        _transport = new ScriptedTransport(socket);
        Stream = _transport;
    }

    /// <summary>0 for the first connection the server accepted, and so on.</summary>
    public int Number { get; }

    /// <summary>The client's port.</summary>
    public int ClientPort { get; }

    /// <summary>The socket, for options.</summary>
    public Socket Socket { get; }

    /// <summary>The bytes to and from the client: below TLS before it, inside it after.</summary>
    public Stream Stream { get; private set; }

    /// <summary>Bytes given to the kernel so far, TLS's own included.</summary>
    public long SentBytes => _transport.Sent;

    /// <summary>Sends everything from here on in segments, TLS's own bytes included.</summary>
    /// <param name="segmentation">Positions count from here.</param>
    /// <param name="waitUntilRead">True waits after each segment until the client has read it, so that it cannot see two at once.</param>
    public void Segment(Segmentation segmentation, bool waitUntilRead = true) => _transport.Segment(segmentation, waitUntilRead);

    /// <summary>Cuts the connection after that many more bytes, TLS's own included; the script ends there.</summary>
    public void CutAfter(long bytes, CutKind kind) => _transport.CutAfter(bytes, kind);

    /// <summary>Cuts the connection now.</summary>
    public void Cut(CutKind kind) => _transport.Cut(kind);

    /// <summary>Sends bytes; waits while the client does not read and the kernel's buffers are full.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        await Stream.WriteAsync(bytes);
        await Stream.FlushAsync();
    }

    /// <summary>Sends messages in one write.</summary>
    public Task SendAsync(params byte[][] messages) => SendAsync(BackendMessages.Join(messages).AsMemory());

    /// <summary>Answers the client's start-up. A cancel request is recorded with the server, and ends the script.</summary>
    public async Task<StartUpMessage> StartUpAsync(ScriptedStartUp? answers = null)
    {
        answers ??= new ScriptedStartUp();
        bool isTls = answers.DirectTls;
        if (isTls)
        {
            await StartTlsAsync(answers);
        }

        while (true)
        {
            byte[] packet = await ReadPacketAsync(alreadyRead: 0);
            int code = packet.Length < 4 ? throw new ScriptException("A start-up packet without a code.") : BinaryPrimitives.ReadInt32BigEndian(packet);
            switch (code)
            {
                case SslRequestCode:
                    byte[] answer = answers.SslAnswer ?? (answers.Certificate is null ? "N"u8 : "S"u8).ToArray();
                    await SendAsync(answer);
                    if (answer is [(byte)'S', ..] && answers.Certificate is not null)
                    {
                        await StartTlsAsync(answers);
                        isTls = true;
                    }

                    break;

                case GssRequestCode:
                    await SendAsync("N"u8.ToArray());
                    break;

                case CancelRequestCode:
                    _server.Add(new CancelRequest(BinaryPrimitives.ReadInt32BigEndian(packet.AsSpan(4)), packet[8..], isTls));
                    throw new ScriptOverException();

                default:
                    await answers.Authentication(this);
                    await SendAsync(
                    [
                        .. answers.Parameters.Select(p => BackendMessages.ParameterStatus(p.Name, p.Value)),
                        answers.Secret is null ? [] : BackendMessages.BackendKeyData(answers.ProcessId, answers.Secret),
                        answers.Ready ? BackendMessages.ReadyForQuery() : [],
                    ]);
                    return new StartUpMessage(code, ParseParameters(packet.AsSpan(4)));
            }
        }
    }

    /// <summary>Reads the client's next message; null when it has closed the connection.</summary>
    public async Task<FrontendMessage?> ReadMessageAsync()
    {
        byte[] type = new byte[1];
        return await Stream.ReadAsync(type) == 0 ? null : new FrontendMessage((char)type[0], await ReadPacketAsync(alreadyRead: 1));
    }

    /// <summary>Reads messages and checks their types.</summary>
    /// <exception cref="ScriptException">The client sent something else.</exception>
    public async Task<IReadOnlyList<FrontendMessage>> ExpectAsync(string types)
    {
        var messages = new List<FrontendMessage>();
        foreach (char type in types)
        {
            FrontendMessage? message = await ReadMessageAsync();
            if (message?.Type != type)
            {
                throw new ScriptException($"Expected {type} of {types}, got {message?.ToString() ?? "the end of the connection"}.");
            }

            messages.Add(message);
        }

        return messages;
    }

    /// <summary>Reads messages up to and with the next Sync, or simple query.</summary>
    /// <exception cref="ScriptException">The client closed the connection or terminated the session.</exception>
    public async Task<IReadOnlyList<FrontendMessage>> ReadQueryAsync()
    {
        var messages = new List<FrontendMessage>();
        while (messages is not [.., { Type: 'S' or 'Q' }])
        {
            FrontendMessage? message = await ReadMessageAsync();
            messages.Add(message is null or { Type: 'X' } ? throw new ScriptException("The client left before its query was whole.") : message);
        }

        return messages;
    }

    /// <summary>
    /// Reads one query and answers each of its messages in order, as PostgreSQL would: with a description, rows, a command tag, and ReadyForQuery.
    /// </summary>
    /// <param name="rowDescription">See <see cref="BackendMessages.RowDescription"/>.</param>
    /// <param name="rows">DataRow messages, or any others that come in their place.</param>
    /// <param name="commandTag">The tag; null ends the query with neither CommandComplete nor ReadyForQuery.</param>
    public async Task<IReadOnlyList<FrontendMessage>> AnswerQueryAsync(byte[] rowDescription, IEnumerable<byte[]> rows, string? commandTag)
    {
        IReadOnlyList<FrontendMessage> query = await ReadQueryAsync();
        var answers = new List<byte[]>();
        foreach (FrontendMessage message in query)
        {
            bool isStatement = message.Body is [(byte)'S', ..];
            answers.AddRange(message.Type switch
            {
                'P' => [BackendMessages.ParseComplete],
                'B' => [BackendMessages.BindComplete],
                'C' => [BackendMessages.CloseComplete],
                'D' when isStatement => [BackendMessages.ParameterDescription(), rowDescription],
                'D' => [rowDescription],
                'Q' => [rowDescription],
                _ => Array.Empty<byte[]>(),
            });
            if (message.Type is 'E' or 'Q')
            {
                answers = await SendAsync(answers, rows);
                if (commandTag is null)
                {
                    await SendAsync([.. answers]);
                    return query;
                }

                answers.Add(BackendMessages.CommandComplete(commandTag));
            }
        }

        await SendAsync([.. answers, BackendMessages.ReadyForQuery()]);
        return query;
    }

    /// <summary>Reads and drops everything until the client closes the connection.</summary>
    public async Task DrainAsync()
    {
        byte[] buffer = new byte[65536];
        while (await Stream.ReadAsync(buffer) > 0)
        {
        }
    }

    /// <summary>Closes the connection; the server does it when the script has ended.</summary>
    public void Dispose() => _transport.Dispose();

    // Closing with bytes of the client's unread would reset the connection, and the client might lose what was sent last.
    internal async Task FinishAsync()
    {
        if (!_transport.IsReset)
        {
            _transport.Cut(CutKind.Finish);
            await _transport.CopyToAsync(System.IO.Stream.Null);
        }
    }

    // Rows go out in large writes, and are never all held at once.
    private async Task<List<byte[]>> SendAsync(List<byte[]> pending, IEnumerable<byte[]> rows)
    {
        const int WriteBytes = 64 * 1024;
        int bytes = 0;
        foreach (byte[] row in rows)
        {
            pending.Add(row);
            bytes += row.Length;
            if (bytes >= WriteBytes)
            {
                await SendAsync([.. pending]);
                pending.Clear();
                bytes = 0;
            }
        }

        return pending;
    }

    private async Task StartTlsAsync(ScriptedStartUp answers)
    {
        var tls = new SslStream(_transport, leaveInnerStreamOpen: false);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificate = answers.Certificate,
            ClientCertificateRequired = answers.AsksForClientCertificate,
#pragma warning disable CA5359 // The script plays the server; what the client shows is the client's test.
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
            ApplicationProtocols = answers.DirectTls ? [new SslApplicationProtocol("postgresql")] : null,
        });
        Stream = tls;
    }

    private async Task<byte[]> ReadPacketAsync(int alreadyRead)
    {
        byte[] head = new byte[4];
        if (await Stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false) < head.Length)
        {
            // A client that connects and leaves is no failed expectation; one that leaves inside a message is.
            throw alreadyRead == 0 ? new ScriptOverException() : new ScriptException("The client left inside a message.");
        }

        int length = BinaryPrimitives.ReadInt32BigEndian(head);
        if (length is < 4 or > LargestMessage)
        {
            throw new ScriptException($"The client stated a message length of {length}.");
        }

        byte[] body = new byte[length - 4];
        await Stream.ReadExactlyAsync(body);
        return body;
    }

    private static Dictionary<string, string> ParseParameters(ReadOnlySpan<byte> bytes)
    {
        string[] words = Encoding.UTF8.GetString(bytes).Split('\0');
        var parameters = new Dictionary<string, string>();
        for (int i = 0; i + 1 < words.Length && words[i].Length > 0; i += 2)
        {
            parameters.Add(words[i], words[i + 1]);
        }

        return parameters;
    }
}
