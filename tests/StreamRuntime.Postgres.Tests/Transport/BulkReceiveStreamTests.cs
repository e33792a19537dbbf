using System.Net;
using System.Net.Sockets;
using StreamRuntime.Postgres.Transport;

namespace StreamRuntime.Postgres.Tests.Transport;

public sealed class BulkReceiveStreamTests : IAsyncLifetime, IDisposable
{
    private const int SendBytes = 8 * 1024;
    private const int ResultBytes = 8 * 1024 * 1024;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private Socket _server = null!;
    private BulkReceiveStream _stream = null!;

    public async Task InitializeAsync()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        await _client.ConnectAsync(_listener.LocalEndPoint!);
        _server = await _listener.AcceptAsync();
        _server.NoDelay = true;
        _stream = new BulkReceiveStream(_client);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose()
    {
        _stream.Dispose();
        _client.Dispose();
        _server.Dispose();
        _listener.Dispose();
    }

    [Fact]
    public async Task ReadAsync_TheEndOfAFastResult_IsNotHeldBack()
    {
        bool wasBulk = false;
        for (int i = 0; i < 20; i++)
        {
            // An odd end, far below any mark, after which the server waits for us as one does between two results.
            Task sending = SendAsync(ResultBytes + 100 + i);
            wasBulk |= await ReceiveAsync(ResultBytes + 100 + i).WaitAsync(Deadline);
            await sending;
        }

        Assert.True(wasBulk, "No mark was ever set, so nothing was tried.");
    }

    [Fact]
    public async Task ReadAsync_OfLittle_SetsNoMark()
    {
        for (int i = 0; i < 100; i++)
        {
            Task sending = SendAsync(100);
            Assert.False(await ReceiveAsync(100).WaitAsync(Deadline));
            await sending;
        }
    }

    [Fact]
    public async Task WriteAsync_DuringAFastResult_TakesTheMarkAway()
    {
        Task sending = SendAsync(ResultBytes);
        byte[] buffer = new byte[SendBytes];
        int received = 0;
        while (!_stream.IsBulk && received < ResultBytes / 2)
        {
            received += await _stream.ReadAsync(buffer);
        }

        Assert.True(_stream.IsBulk);
        await _stream.WriteAsync(new byte[1]);

        Assert.False(_stream.IsBulk);
        Assert.Equal(1, Convert.ToInt32(_client.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReceiveLowWater), null));
        await ReceiveAsync(ResultBytes - received).WaitAsync(Deadline);
        await sending;
    }

    private async Task SendAsync(int bytes)
    {
        byte[] piece = new byte[SendBytes];
        while (bytes > 0)
        {
            bytes -= await _server.SendAsync(piece.AsMemory(0, Math.Min(bytes, piece.Length)));
        }
    }

    // True when a mark was seen.
    private async Task<bool> ReceiveAsync(int bytes)
    {
        bool wasBulk = false;
        byte[] buffer = new byte[64 * 1024];
        while (bytes > 0)
        {
            int received = await _stream.ReadAsync(buffer);
            Assert.NotEqual(0, received);
            bytes -= received;
            wasBulk |= _stream.IsBulk;
        }

        return wasBulk;
    }
}
