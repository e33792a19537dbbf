using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using StreamRuntime.Postgres.Protocol;

namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>
/// The simplest PostgreSQL client there can be: trust, one Unix socket, simple queries with results in text. It knows nothing of our
/// own transport, so what it reads is the server's word.
/// </summary>
internal sealed class SimpleQueryClient : IAsyncDisposable
{
    private readonly NetworkStream _stream;

    private SimpleQueryClient(NetworkStream stream) => _stream = stream;

    /// <summary>One result: its columns and the bodies of its DataRow messages.</summary>
    public sealed record Result(ColumnDescription[] Columns, List<byte[]> Rows)
    {
        /// <summary>The value in a row, of a result with one column.</summary>
        public byte[] Single(int row) => Rows[row][6..];
    }

    public static async Task<SimpleQueryClient> ConnectAsync(string socketDirectory, int port)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(socketDirectory, $".s.PGSQL.{port}")));
        var client = new SimpleQueryClient(new NetworkStream(socket, ownsSocket: true));
        await client.SendAsync(null, "\0\u0003\0\0user\0postgres\0database\0postgres\0client_encoding\0UTF8\0\0");
        await client.ReadUntilReadyAsync();
        return client;
    }

    public async Task<Result> QueryAsync(string sql)
    {
        await SendAsync((byte)'Q', sql + "\0");
        return await ReadUntilReadyAsync();
    }

    /// <summary>Parses with the extended protocol, as our transport will, and describes the result.</summary>
    public async Task<Result> PrepareAsync(string sql)
    {
        await SendAsync((byte)'P', "\0" + sql + "\0\0\0");
        await SendAsync((byte)'D', "S\0");
        await SendAsync((byte)'S', "");
        return await ReadUntilReadyAsync();
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task SendAsync(byte? type, string body)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        int start = type is null ? 0 : 1;
        byte[] message = new byte[start + 4 + bytes.Length];
        message[0] = type ?? 0;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(start), 4 + bytes.Length);
        bytes.CopyTo(message, start + 4);
        await _stream.WriteAsync(message);
    }

    private async Task<Result> ReadUntilReadyAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var result = new Result([], []);
        string? error = null;
        byte[] head = new byte[5];
        while (true)
        {
            await _stream.ReadExactlyAsync(head, limit.Token);
            byte[] body = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1)) - 4];
            await _stream.ReadExactlyAsync(body, limit.Token);
            switch (head[0])
            {
                case (byte)'T':
                    result = new Result(Columns(body), []);
                    break;
                case (byte)'D':
                    result.Rows.Add(body);
                    break;
                case (byte)'E':
                    error = Encoding.UTF8.GetString(body).Replace('\0', ' ');
                    break;
                case (byte)'Z':
                    return error is null ? result : throw new InvalidOperationException(error);
            }
        }
    }

    private static ColumnDescription[] Columns(byte[] body)
    {
        var columns = new ColumnDescription[BinaryPrimitives.ReadInt16BigEndian(body)];
        int at = 2;
        for (int i = 0; i < columns.Length; i++)
        {
            int end = Array.IndexOf(body, (byte)0, at);
            string name = Encoding.UTF8.GetString(body, at, end - at);
            uint type = BinaryPrimitives.ReadUInt32BigEndian(body.AsSpan(end + 7));
            int modifier = BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(end + 13));
            columns[i] = new ColumnDescription(name, type, modifier, BinaryPrimitives.ReadInt16BigEndian(body.AsSpan(end + 17)));
            at = end + 19;
        }

        return columns;
    }
}
