using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace StreamRuntime.Cli.Tests.Serving;

/// <summary>A client of the sub-protocol <c>streamruntime.v1</c> that takes a result to its end, pausing and resuming it as often as it is told to.</summary>
internal sealed class RowsSocket(Uri served, string path) : IDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public long Rows { get; private set; }

    public int Pauses { get; private set; }

    public List<string> Messages { get; } = [];

    public int CloseCode => (int)(_socket.CloseStatus ?? 0);

    /// <summary>Completes with the first row, or with the end.</summary>
    public TaskCompletionSource FirstRow { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Sha256 => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public async Task ConnectAsync()
    {
        _socket.Options.AddSubProtocol("streamruntime.v1");
        _socket.Options.CollectHttpResponseDetails = true;
        await _socket.ConnectAsync(new UriBuilder(new Uri(served, path)) { Scheme = "ws" }.Uri, CancellationToken.None);
    }

    public Task TellAsync(string type) => _socket.SendAsync(Encoding.UTF8.GetBytes($"{{\"type\":\"{type}\"}}"), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

    /// <summary>Reads until the server has closed, and answers its close frame.</summary>
    /// <param name="random">When to pause and for how long; null for a client that does not.</param>
    /// <param name="pauses">How often to pause.</param>
    public async Task ReadToEndAsync(Random? random = null, int pauses = 0)
    {
        byte[] buffer = new byte[32 * 1024];
        long pauseAt = random?.Next(1, 500) ?? long.MaxValue;
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult part = await _socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                switch (part.MessageType)
                {
                    case WebSocketMessageType.Close:
                        await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                        return;
                    case WebSocketMessageType.Binary:
                        TakeRows(buffer.AsSpan(0, part.Count));
                        if (pauses > 0 && Rows >= pauseAt)
                        {
                            pauses--;
                            pauseAt = long.MaxValue;
                            await TellAsync("pause");
                        }

                        break;
                    default:
                        if (await TakeMessageAsync(Encoding.UTF8.GetString(buffer, 0, part.Count), random))
                        {
                            pauseAt = Rows + random!.Next(1, 500);
                        }

                        break;
                }
            }
        }
        finally
        {
            FirstRow.TrySetResult();
        }
    }

    public void Abort() => _socket.Abort();

    public void Dispose()
    {
        _socket.Dispose();
        _hash.Dispose();
    }

    private void TakeRows(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        Rows += bytes.Count((byte)'\n');
        FirstRow.TrySetResult();
    }

    /// <summary>True when the stream goes on again.</summary>
    private async Task<bool> TakeMessageAsync(string text, Random? random)
    {
        Messages.Add(text);
        using JsonDocument message = JsonDocument.Parse(text);
        switch (message.RootElement.GetProperty("type").GetString())
        {
            case "paused" when random is not null:
                Pauses++;
                await Task.Delay(random.Next(0, 50));
                await TellAsync("resume");
                return false;
            case "resumed":
                return random is not null;
            default:
                return false;
        }
    }
}
