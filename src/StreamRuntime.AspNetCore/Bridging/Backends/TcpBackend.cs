using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace StreamRuntime.AspNetCore.Bridging.Backends;

/// <summary>A TCP connection as a session's backend. When the peer has sent its last byte, the session ends.</summary>
/// <remarks>As <see cref="IBridgeBackend"/> says; not thread-safe beyond that.</remarks>
public sealed class TcpBackend : IBridgeBackend
{
    // Asked for this often once it has begun, and this many times before the connection is given up.
    private const int KeepAliveIntervalSeconds = 10;
    private const int KeepAliveRetries = 3;

    private readonly TcpBackendOptions _options;
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp);

    /// <summary>Makes a backend that is not connected yet.</summary>
    /// <param name="options">Where to.</param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: an option can't be used.</exception>
    public TcpBackend(TcpBackendOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
    }

    /// <inheritdoc/>
    public string Kind => "tcp";

    /// <inheritdoc/>
    public async ValueTask ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            _socket.NoDelay = true;
            _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            _socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, (int)_options.KeepAliveTime.TotalSeconds);
            _socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveIntervalSeconds);
            _socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveRetries);
            await _socket.ConnectAsync(_options.Host, _options.Port, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException failure)
        {
            throw new StreamRuntimeException(
                ErrorKind.ConnectFailed, $"No connection to {_options.Host}:{_options.Port}: {failure.Message}", failure, isTransient: true);
        }
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<BridgeReceived> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return new BridgeReceived(await _socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken).ConfigureAwait(false));
        }
        catch (SocketException failure)
        {
            throw Lost(failure);
        }
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            for (int sent = 0; sent < bytes.Length;)
            {
                sent += await _socket.SendAsync(bytes[sent..], SocketFlags.None, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (SocketException failure)
        {
            throw Lost(failure);
        }
    }

    /// <inheritdoc/>
    public ValueTask CompleteSendingAsync(CancellationToken cancellationToken)
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
            return default;
        }
        catch (SocketException failure)
        {
            return ValueTask.FromException(Lost(failure));
        }
    }

    /// <summary>Closes the connection.</summary>
    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return default;
    }

    private StreamRuntimeException Lost(SocketException failure) =>
        new(ErrorKind.ConnectionLost, $"The connection to {_options.Host}:{_options.Port} broke: {failure.Message}", failure, isTransient: true);
}
