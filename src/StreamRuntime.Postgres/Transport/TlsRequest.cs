using System.Buffers;
using System.Net.Sockets;
using StreamRuntime.Postgres.Protocol;

namespace StreamRuntime.Postgres.Transport;

/// <summary>Asks a server for TLS.</summary>
internal static class TlsRequest
{
    /// <summary>Asks. False when the server has none; whether that will do is the caller's decision.</summary>
    /// <exception cref="StreamRuntimeException">
    /// Kind <see cref="ErrorKind.Protocol"/>: the answer is none, or comes with more, which no other way of connecting makes good;
    /// <see cref="ErrorKind.ConnectFailed"/>: there is no answer.
    /// </exception>
    public static async Task<bool> AskAsync(Socket socket, Stream plain, PostgresEndpoint endpoint, CancellationToken cancellationToken)
    {
        var request = new ArrayBufferWriter<byte>(8);
        FrontendMessages.SslRequest(request);
        await plain.WriteAsync(request.WrittenMemory, cancellationToken).ConfigureAwait(false);

        // Exactly one byte is read. Anything that a man in the middle put behind it would otherwise be taken for
        // something the server said under TLS (CVE-2021-23222).
        byte[] answer = new byte[1];
        int received = await plain.ReadAsync(answer, cancellationToken).ConfigureAwait(false);
        if (received == 0)
        {
            throw new StreamRuntimeException(
                ErrorKind.ConnectFailed, $"The server at {endpoint} closed the connection instead of answering the request for TLS.", isTransient: true);
        }

        if (answer[0] is not ((byte)'S' or (byte)'N'))
        {
            // Whatever it says, it says it unauthenticated, so it is not shown.
            BackendMessage.Violation($"the request for TLS is answered with 0x{answer[0]:x2} instead of S or N");
        }

        if (socket.Available > 0)
        {
            BackendMessage.Violation("bytes came after the answer to the request for TLS, before anything was asked");
        }

        return answer[0] == (byte)'S';
    }
}
