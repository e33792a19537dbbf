using System.Security.Cryptography.X509Certificates;

namespace StreamRuntime.TestKit.Servers;

/// <summary>How a scripted server answers a client's start-up.</summary>
public sealed record ScriptedStartUp
{
    /// <summary>The answer to SSLRequest: the bytes of <c>N</c>, <c>S</c> or anything else. <c>S</c> when there is a certificate, else <c>N</c>.</summary>
    public byte[]? SslAnswer { get; init; }

    /// <summary>The certificate to do TLS with, when the answer to SSLRequest begins with <c>S</c>.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Whether TLS begins with the first byte, without SSLRequest.</summary>
    public bool DirectTls { get; init; }

    /// <summary>Whether the client is asked for a certificate, of any authority.</summary>
    public bool AsksForClientCertificate { get; init; }

    /// <summary>Sent as the authentication; AuthenticationOk by default. A delegate, for authentication that asks back.</summary>
    public Func<ScriptedConnection, Task> Authentication { get; init; } = c => c.SendAsync(BackendMessages.AuthenticationOk);

    /// <summary>Parameters the server reports.</summary>
    public IReadOnlyList<(string Name, string Value)> Parameters { get; init; } =
    [
        ("server_version", "15.0"), ("server_encoding", "UTF8"), ("client_encoding", "UTF8"), ("DateStyle", "ISO, MDY"),
        ("integer_datetimes", "on"), ("standard_conforming_strings", "on"), ("TimeZone", "UTC"),
    ];

    /// <summary>The process id of BackendKeyData.</summary>
    public int ProcessId { get; init; } = 4711;

    /// <summary>The key of BackendKeyData; null sends no BackendKeyData.</summary>
    public byte[]? Secret { get; init; } = [1, 2, 3, 4];

    /// <summary>Whether ReadyForQuery ends the start-up.</summary>
    public bool Ready { get; init; } = true;
}
