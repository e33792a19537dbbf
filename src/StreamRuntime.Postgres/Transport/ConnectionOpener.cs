using System.Net;
using System.Net.Sockets;

namespace StreamRuntime.Postgres.Transport;

/// <summary>Opens connections: address, socket, TLS, login, within one deadline.</summary>
internal static class ConnectionOpener
{
    /// <summary>Opens a connection to one server.</summary>
    /// <exception cref="StreamRuntimeException">The server can't be reached or refused us, or the connect timeout passed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<PostgresConnection> OpenAsync(PostgresOptions options, PostgresEndpoint endpoint, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await OpenCoreAsync(options, endpoint, either.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new StreamRuntimeException(
                ErrorKind.Timeout,
                $"No connection to {endpoint} within {options.ConnectTimeout.TotalSeconds:0.###} s (connect_timeout).",
                failure,
                isTransient: true);
        }
    }

    /// <summary>Connects a socket to the first address of an endpoint that answers.</summary>
    public static async Task<Socket> ConnectSocketAsync(PostgresOptions options, PostgresEndpoint endpoint, CancellationToken cancellationToken)
    {
        if (endpoint.IsUnixSocket)
        {
            return await ConnectAsync(options, endpoint, endpoint.SocketAddress, cancellationToken).ConfigureAwait(false);
        }

        StreamRuntimeException? last = null;
        foreach (IPAddress address in await ResolveAsync(endpoint, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                return await ConnectAsync(options, endpoint, new IPEndPoint(address, endpoint.Port), cancellationToken).ConfigureAwait(false);
            }
            catch (StreamRuntimeException failure)
            {
                last = failure;
            }
        }

        throw last ?? new StreamRuntimeException(ErrorKind.ConnectFailed, $"The host {endpoint.Host} has no address.");
    }

    /// <summary>Connects a socket to one address.</summary>
    public static async Task<Socket> ConnectAsync(PostgresOptions options, PostgresEndpoint endpoint, EndPoint address, CancellationToken cancellationToken)
    {
        var socket = address is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(address, cancellationToken).ConfigureAwait(false);
            if (address is not UnixDomainSocketEndPoint)
            {
                SetTcpOptions(socket, options);
            }

            return socket;
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new StreamRuntimeException(ErrorKind.ConnectFailed, $"No connection to {endpoint}: {failure.Message}", failure, isTransient: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<PostgresConnection> OpenCoreAsync(PostgresOptions options, PostgresEndpoint endpoint, CancellationToken cancellationToken)
    {
        if (endpoint.IsUnixSocket)
        {
            return await AttemptAsync(options, endpoint, tryTls: false, cancellationToken).ConfigureAwait(false);
        }

        bool first = options.SslMode is not (SslMode.Disable or SslMode.Allow);
        try
        {
            return await AttemptAsync(options, endpoint, first, cancellationToken).ConfigureAwait(false);
        }
        catch (StreamRuntimeException failure) when (options.SslMode is SslMode.Allow or SslMode.Prefer && DependsOnTls(failure))
        {
            // As libpq: what one way is refused may be granted the other way, unless the options say which it must be.
            return await AttemptAsync(options, endpoint, !first, cancellationToken).ConfigureAwait(false);
        }
    }

    // TLS itself failed, or the server has no rule for this kind of connection (28000). A wrong password is wrong either way.
    private static bool DependsOnTls(StreamRuntimeException failure) =>
        failure.Kind == ErrorKind.Tls || failure is PostgresServerException { SqlState: "28000" };

    private static async Task<PostgresConnection> AttemptAsync(PostgresOptions options, PostgresEndpoint endpoint, bool tryTls, CancellationToken cancellationToken)
    {
        Socket socket = await ConnectSocketAsync(options, endpoint, cancellationToken).ConfigureAwait(false);
        Stream plain = endpoint.IsUnixSocket ? new NetworkStream(socket, ownsSocket: false) : new BulkReceiveStream(socket);
        Stream? tls = null;
        bool isOpen = false;
        try
        {
            if (tryTls)
            {
                if (options.SslDirect || await TlsRequest.AskAsync(socket, plain, endpoint, cancellationToken).ConfigureAwait(false))
                {
                    tls = await TlsUpgrade.UpgradeAsync(plain, options, endpoint, cancellationToken).ConfigureAwait(false);
                }
                else if (options.SslMode >= SslMode.Require)
                {
                    throw new StreamRuntimeException(ErrorKind.Tls, $"The server at {endpoint} does not offer TLS, and sslmode demands it.");
                }
            }

            var connection = new PostgresConnection(options, endpoint, socket, tls ?? plain, tls is not null);
            await Login.RunAsync(connection, tls, cancellationToken).ConfigureAwait(false);
            isOpen = true;
            return connection;
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            throw new StreamRuntimeException(ErrorKind.ConnectFailed, $"The connection to {endpoint} broke while it was set up: {failure.Message}", failure, isTransient: true);
        }
        finally
        {
            if (!isOpen)
            {
                // The socket first: nothing may be sent any more, whatever closing the streams would like to say.
                socket.Dispose();
                await (tls ?? plain).DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static ValueTask<IPAddress[]> ResolveAsync(PostgresEndpoint endpoint, CancellationToken cancellationToken) =>
        IPAddress.TryParse(endpoint.Address ?? endpoint.Host, out IPAddress? address)
            ? new ValueTask<IPAddress[]>([address])
            : new ValueTask<IPAddress[]>(AskForAddressesAsync(endpoint, cancellationToken));

    // By itself, so that who connects to a numeric address never loads what asks for names.
    private static async Task<IPAddress[]> AskForAddressesAsync(PostgresEndpoint endpoint, CancellationToken cancellationToken)
    {
        try
        {
            return await Dns.GetHostAddressesAsync(endpoint.Host, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException failure)
        {
            throw new StreamRuntimeException(
                ErrorKind.ConnectFailed, $"The host name {endpoint.Host} can't be resolved: {failure.Message}", failure, isTransient: true);
        }
    }

    private static void SetTcpOptions(Socket socket, PostgresOptions options)
    {
        socket.NoDelay = true;
        if (options.TcpUserTimeout is { } limit && OperatingSystem.IsLinux())
        {
            // TCP_USER_TIMEOUT, in milliseconds (tcp(7)); .NET has no name for it.
            const int Tcp = 6;
            const int UserTimeout = 18;
            socket.SetRawSocketOption(Tcp, UserTimeout, BitConverter.GetBytes((int)Math.Min(int.MaxValue, limit.TotalMilliseconds)));
        }

        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, options.TcpKeepAlive);
        if (!options.TcpKeepAlive)
        {
            return;
        }

        Set(SocketOptionName.TcpKeepAliveTime, (int?)options.TcpKeepAliveIdle?.TotalSeconds);
        Set(SocketOptionName.TcpKeepAliveInterval, (int?)options.TcpKeepAliveInterval?.TotalSeconds);
        Set(SocketOptionName.TcpKeepAliveRetryCount, options.TcpKeepAliveCount);

        void Set(SocketOptionName name, int? value)
        {
            if (value is > 0)
            {
                socket.SetSocketOption(SocketOptionLevel.Tcp, name, value.Value);
            }
        }
    }
}
