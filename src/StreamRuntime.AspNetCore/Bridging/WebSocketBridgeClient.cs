using System.Buffers;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>A client on a WebSocket: binary messages are bytes, text messages are control.</summary>
/// <remarks>As <see cref="IBridgeClient"/> says.</remarks>
internal sealed class WebSocketBridgeClient : IBridgeClient
{
    private const long OneSecond = 1_000_000_000;

    private readonly WebSocket _socket;
    private readonly BridgeOptions _options;
    private readonly MonotonicClock _clock;
    private readonly ArrayPool<byte> _pool;
    private long _messageBytes;
    private byte[] _text = [];
    private int _textBytes;
    private bool _isTooBig;
    private long _secondBegan;
    private int _controlsInSecond;

    public WebSocketBridgeClient(WebSocket socket, BridgeOptions options, MonotonicClock clock, ArrayPool<byte> pool)
    {
        _socket = socket;
        _options = options;
        _clock = clock;
        _pool = pool;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ClientReceived> ReceiveAsync(Memory<byte> buffer)
    {
        while (true)
        {
            ValueWebSocketReceiveResult received = await _socket.ReceiveAsync(buffer, CancellationToken.None).ConfigureAwait(false);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return new ClientReceived(ClientEvent.Closed);
            }

            bool isText = received.MessageType == WebSocketMessageType.Text;
            _messageBytes += received.Count;
            if (_messageBytes > (isText ? _options.MaxControlMessageBytes : _options.MaxMessageBytes))
            {
                // Said once; what is left of it is received, for the close frame behind it, and dropped.
                if (!_isTooBig)
                {
                    _isTooBig = true;
                    return new ClientReceived(ClientEvent.TooBig);
                }
            }
            else if (!isText)
            {
                _messageBytes = received.EndOfMessage ? 0 : _messageBytes;
                return new ClientReceived(ClientEvent.Bytes, received.Count);
            }
            else if (TakeText(buffer.Span[..received.Count], received.EndOfMessage) is { } control)
            {
                return new ClientReceived(control);
            }
        }
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, bool endsMessage, bool isText) =>
        _socket.SendAsync(bytes, isText ? WebSocketMessageType.Text : WebSocketMessageType.Binary, endsMessage, CancellationToken.None);

    public async ValueTask CloseAsync(int code, string reason, CancellationToken cancellationToken)
    {
        if (_socket.State is not (WebSocketState.Open or WebSocketState.CloseReceived))
        {
            return;
        }

        try
        {
            await _socket.CloseOutputAsync((WebSocketCloseStatus)code, reason, cancellationToken).ConfigureAwait(false);
        }
        catch (WebSocketException) when (_socket.State is WebSocketState.Aborted or WebSocketState.Closed)
        {
            // Gone between the look and the frame: nobody is left to be told.
            return;
        }
    }

    public bool BrokeProtocol(Exception failure) => failure is WebSocketException { WebSocketErrorCode: not WebSocketError.ConnectionClosedPrematurely };

    public void Abort() => _socket.Abort();

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        ReleaseText();
        return default;
    }

    /// <summary>Null while the message is not whole.</summary>
    private ClientEvent? TakeText(ReadOnlySpan<byte> part, bool endsMessage)
    {
        if (!endsMessage || _textBytes > 0)
        {
            if (_text.Length == 0)
            {
                _text = _pool.Rent(_options.MaxControlMessageBytes);
            }

            part.CopyTo(_text.AsSpan(_textBytes));
            _textBytes += part.Length;
        }

        if (!endsMessage)
        {
            return null;
        }

        ClientEvent control = IsOneTooMany() ? ClientEvent.TooMany : ControlMessages.Parse(_textBytes > 0 ? _text.AsSpan(0, _textBytes) : part);
        _messageBytes = 0;
        ReleaseText();
        return control;
    }

    private bool IsOneTooMany()
    {
        long now = _clock.Now;
        if (now - _secondBegan >= OneSecond)
        {
            _secondBegan = now;
            _controlsInSecond = 0;
        }

        return ++_controlsInSecond > _options.MaxControlMessagesPerSecond;
    }

    private void ReleaseText()
    {
        if (_text.Length > 0)
        {
            _pool.Return(_text);
            _text = [];
        }

        _textBytes = 0;
    }
}
