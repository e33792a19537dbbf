namespace StreamRuntime.AspNetCore.Bridging.Backends;

/// <summary>Where a <see cref="TcpBackend"/> connects to. Nothing in here may come from a client unchecked.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed record TcpBackendOptions
{
    /// <summary>The host's name or address.</summary>
    public required string Host { get; init; }

    /// <summary>The port, from 1 to 65535.</summary>
    public required int Port { get; init; }

    /// <summary>How long the connection may be silent before the operating system asks whether the peer is alive. From 1 s; 30 s by default.</summary>
    public TimeSpan KeepAliveTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Says which option can't be used, if one can't.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>; the message names the option and its range.</exception>
    public void Validate()
    {
        if (string.IsNullOrEmpty(Host))
        {
            throw new StreamRuntimeException(ErrorKind.Configuration, "Host must not be empty.");
        }

        if (Port is < 1 or > ushort.MaxValue)
        {
            throw new StreamRuntimeException(ErrorKind.Configuration, "Port must be from 1 to 65535.");
        }

        if (KeepAliveTime < TimeSpan.FromSeconds(1))
        {
            throw new StreamRuntimeException(ErrorKind.Configuration, "KeepAliveTime must be at least 1 s.");
        }
    }
}
