using System.Net.Sockets;

namespace StreamRuntime.Postgres;

/// <summary>One server address: a host and port, or a Unix socket.</summary>
/// <remarks>Immutable and safe to share.</remarks>
public sealed record PostgresEndpoint
{
    private PostgresEndpoint(string host, int port, bool isUnixSocket)
    {
        Host = host;
        Port = port;
        IsUnixSocket = isUnixSocket;
    }

    /// <summary>The host name or address as given, or the folder of the Unix socket. Certificates are checked against it.</summary>
    public string Host { get; }

    /// <summary>The port, from 1 to 65 535; part of the file's name on a Unix socket.</summary>
    public int Port { get; }

    /// <summary>True for a Unix socket.</summary>
    public bool IsUnixSocket { get; }

    /// <summary>The numeric address to connect to without a name lookup (<c>hostaddr</c>); null looks <see cref="Host"/> up.</summary>
    public string? Address { get; init; }

    /// <summary>The password for this server alone, as the password file gives it; null for the one of the options.</summary>
    public string? Password { get; init; }

    /// <summary>The path of the Unix socket's file.</summary>
    public string SocketPath => Path.Combine(Host, $".s.PGSQL.{Port}");

    /// <summary>The Unix socket's address. A folder that begins with <c>@</c> names one in Linux's abstract space, as libpq has it.</summary>
    internal UnixDomainSocketEndPoint SocketAddress => new(Host.StartsWith('@') ? string.Concat("\0", SocketPath.AsSpan(1)) : SocketPath);

    /// <summary>A server reached over TCP.</summary>
    public static PostgresEndpoint Tcp(string host, int port) => new(host, CheckPort(port), isUnixSocket: false);

    /// <summary>A server reached through the socket in a folder.</summary>
    public static PostgresEndpoint UnixSocket(string folder, int port) => new(folder, CheckPort(port), isUnixSocket: true);

    /// <summary>The address as an error message names it; never with a password.</summary>
    public override string ToString() => IsUnixSocket ? SocketPath : Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    private static int CheckPort(int port) => port is >= 1 and <= 65535
        ? port
        : throw new StreamRuntimeException(ErrorKind.Configuration, $"Port {port} is not from 1 to 65535.");
}
