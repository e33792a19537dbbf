using System.Buffers;
using System.Net;
using System.Net.Sockets;
using StreamRuntime.Postgres.Protocol;

namespace StreamRuntime.Postgres.Transport;

/// <summary>Asks the server, on a connection of its own, to cancel what another connection runs.</summary>
internal static class CancelRequest
{
    /// <summary>
    /// Sends the request and waits until the server has closed the connection, which it does after it has passed the request on. Only then can the
    /// request no longer hit a later query.
    /// </summary>
    /// <returns>True when the server took the request and closed; false when the connection can't be cancelled.</returns>
    /// <exception cref="StreamRuntimeException">The request could not be delivered.</exception>
    public static async Task<bool> SendAsync(PostgresConnection connection, CancellationToken cancellationToken)
    {
        // The very server we talk to: looked up again, a name could lead to another.
        if (connection.SecretKey is not { } key || connection.RemoteEndPoint is not { } address)
        {
            return false;
        }

        if (address is UnixDomainSocketEndPoint)
        {
            address = connection.Endpoint.SocketAddress;
        }

        using Socket socket = await ConnectionOpener.ConnectAsync(connection.Options, connection.Endpoint, address, cancellationToken).ConfigureAwait(false);
        Stream stream = new NetworkStream(socket, ownsSocket: false);
        try
        {
            if (connection.IsTls)
            {
                // The key is a secret, so where the query was encrypted its cancel is too, or is not sent.
                if (!connection.Options.SslDirect && !await TlsRequest.AskAsync(socket, stream, connection.Endpoint, cancellationToken).ConfigureAwait(false))
                {
                    throw new StreamRuntimeException(ErrorKind.Tls, "The server offers no TLS for the cancel request.");
                }

                stream = await TlsUpgrade.UpgradeAsync(stream, connection.Options, connection.Endpoint, cancellationToken).ConfigureAwait(false);
            }

            var request = new ArrayBufferWriter<byte>(64);
            FrontendMessages.CancelRequest(request, connection.ProcessId, key);
            await stream.WriteAsync(request.WrittenMemory, cancellationToken).ConfigureAwait(false);
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);

            // The server sends nothing. Whatever comes is dropped, as long as the time allows.
            byte[] nothing = new byte[64];
            while (await stream.ReadAsync(nothing, cancellationToken).ConfigureAwait(false) > 0)
            {
            }

            return true;
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            // A reset instead of a close comes after the request was read as well.
            return failure is IOException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionReset } };
        }
        finally
        {
            await stream.DisposeAsync().ConfigureAwait(false);
        }
    }
}
