using System.Globalization;
using System.Net;
using System.Text;

namespace StreamRuntime.Postgres.Configuration;

/// <summary>Makes the servers to try out of the lists in <c>host</c>, <c>hostaddr</c> and <c>port</c>.</summary>
internal static class EndpointList
{
    private const string DefaultPort = "5432";
    private const int MaxSocketPathBytes = 107; // sockaddr_un on Linux, less the NUL

    /// <param name="values">With all defaults already in.</param>
    /// <param name="surroundings">Says whether the default socket folder is there.</param>
    /// <param name="findPassword">The password for a host and a port as the password file spells them; null for none.</param>
    public static PostgresEndpoint[] Read(ConnectionValues values, ConnectionSurroundings surroundings, Func<string, string, string?> findPassword)
    {
        string[]? addresses = values.NonEmpty("hostaddr")?.Split(',');
        string[]? hosts = values.NonEmpty("host")?.Split(',');
        string[]? ports = values.NonEmpty("port")?.Split(',');
        if (hosts is not null && addresses is not null && hosts.Length != addresses.Length)
        {
            throw ConfigurationError.Because($"{hosts.Length} host names cannot be matched to {addresses.Length} hostaddr values.");
        }

        int count = addresses?.Length ?? hosts?.Length ?? 1;
        if (ports is not null && ports.Length != 1 && ports.Length != count)
        {
            throw ConfigurationError.Because($"{ports.Length} port numbers cannot be matched to {count} hosts.");
        }

        var endpoints = new PostgresEndpoint[count];
        for (int i = 0; i < count; i++)
        {
            string port = ports?[ports.Length == 1 ? 0 : i] is { Length: > 0 } given ? given : DefaultPort;
            endpoints[i] = Make(hosts?[i] ?? "", addresses?[i] ?? "", port, surroundings, findPassword);
        }

        return endpoints;
    }

    private static PostgresEndpoint Make(
        string host, string address, string portText, ConnectionSurroundings surroundings, Func<string, string, string?> findPassword)
    {
        int port = ReadPort(portText);
        if (address.Length > 0)
        {
            if (!IPAddress.TryParse(address, out _))
            {
                throw ConfigurationError.Invalid("hostaddr", address, "an IP address; a name belongs in host");
            }

            string name = host.Length > 0 ? host : address;
            return PostgresEndpoint.Tcp(name, port) with { Address = address, Password = findPassword(PasswordHost(name), portText) };
        }

        if (host.Length == 0)
        {
            host = surroundings.FolderExists(ConnectionSurroundings.DefaultSocketFolder) ? ConnectionSurroundings.DefaultSocketFolder : "localhost";
        }

        string? password = findPassword(PasswordHost(host), portText);
        if (host[0] is not ('/' or '@'))
        {
            return PostgresEndpoint.Tcp(host, port) with { Password = password };
        }

        PostgresEndpoint socket = PostgresEndpoint.UnixSocket(host, port) with { Password = password };
        return Encoding.UTF8.GetByteCount(socket.SocketPath) <= MaxSocketPathBytes
            ? socket
            : throw ConfigurationError.Because($"The path of the Unix socket is longer than {MaxSocketPathBytes} bytes.");
    }

    // The default socket goes by the name "localhost" in the password file.
    private static string PasswordHost(string host) => host == ConnectionSurroundings.DefaultSocketFolder ? "localhost" : host;

    // The text is not shown: after an unencoded / in a URI's password, the password's first half stands where the port should.
    private static int ReadPort(string text) =>
        int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out int port) && port is >= 1 and <= 65535
            ? port
            : throw ConfigurationError.Because("A port is not a number from 1 to 65535. In a URI, / and @ in a password are written %2F and %40.");
}
