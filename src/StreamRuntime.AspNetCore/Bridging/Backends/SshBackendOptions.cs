using System.Buffers;

namespace StreamRuntime.AspNetCore.Bridging.Backends;

/// <summary>Where an <see cref="SshBackend"/> logs in, and what runs there. Nothing in here may come from a client unchecked.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed record SshBackendOptions
{
    private static readonly SearchValues<char> HostCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:");
    private static readonly SearchValues<char> UserCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_+");

    // What ssh would unquote or expand in a path: quotes, backslashes, tokens, variables.
    private static readonly SearchValues<char> UnsafeInPaths = SearchValues.Create("\"'\\%$\r\n\t\0");

    /// <summary>The host's name or address: letters, digits, <c>.</c> <c>-</c> <c>_</c> <c>:</c>, not beginning with <c>-</c>.</summary>
    public required string Host { get; init; }

    /// <summary>The port, from 1 to 65535; 22 by default.</summary>
    public int Port { get; init; } = 22;

    /// <summary>Who to log in as: letters, digits, <c>.</c> <c>-</c> <c>_</c> <c>+</c>, not beginning with <c>-</c>.</summary>
    public required string User { get; init; }

    /// <summary>The file of the private key, not protected by a passphrase. An absolute path without quotes, backslashes, <c>%</c> and <c>$</c>.</summary>
    public required string IdentityFile { get; init; }

    /// <summary>The file of the known host keys, the only one looked at. A host that is not in it is refused. A path as for <see cref="IdentityFile"/>.</summary>
    public required string KnownHostsFile { get; init; }

    /// <summary>
    /// What runs there, as the remote user's shell takes it; null, the default, for a shell. Its standard error goes nowhere: redirect it (<c>2&gt;&amp;1</c>) for the client
    /// to see it, or ask for a terminal.
    /// </summary>
    public string? Command { get; init; }

    /// <summary>True for a terminal at the other end; without one, the default, bytes pass unchanged.</summary>
    public bool AllocateTerminal { get; init; }

    /// <summary>What the terminal is called; letters, digits, <c>.</c> <c>-</c> <c>_</c> <c>+</c>. <c>xterm-256color</c> by default.</summary>
    public string TerminalType { get; init; } = "xterm-256color";

    /// <summary>How long the connection may take, in whole seconds. From 1 s to 1 h; 10 s by default. The session's own connect timeout counts as well.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a silent server is asked whether it is alive, in whole seconds; the third question without an answer ends the session. From 1 s to 1 h; 15 s by default.</summary>
    public TimeSpan ServerAliveInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long the client program may take to end by itself once its input is closed, before it is killed. From zero to 1 h; 300 ms by default, so that a session whose client is
    /// gone is released within a second.
    /// </summary>
    public TimeSpan GraceTime { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>OpenSSH's client program, by name or by path. <c>ssh</c> by default.</summary>
    public string Program { get; init; } = "ssh";

    /// <summary>The clock. The system's by default.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Says which option can't be used, if one can't.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>; the message names the option and its range.</exception>
    public void Validate()
    {
        Check(IsName(Host, HostCharacters), "Host must be letters, digits and . - _ : and must not begin with a -.");
        Check(IsName(User, UserCharacters), "User must be letters, digits and . - _ + and must not begin with a -.");
        Check(IsName(TerminalType, UserCharacters), "TerminalType must be letters, digits and . - _ + and must not begin with a -.");
        Check(Port is >= 1 and <= ushort.MaxValue, "Port must be from 1 to 65535.");
        Check(IsPath(IdentityFile), "IdentityFile must be an absolute path without quotes, backslashes, % and $.");
        Check(IsPath(KnownHostsFile), "KnownHostsFile must be an absolute path without quotes, backslashes, % and $.");
        Check(Command is null || (Command.Length > 0 && !Command.StartsWith('-') && !Command.Contains('\0', StringComparison.Ordinal)), "Command must not be empty, begin with a - or hold a NUL.");
        Check(IsSeconds(ConnectTimeout), "ConnectTimeout must be from 1 s to 1 h.");
        Check(IsSeconds(ServerAliveInterval), "ServerAliveInterval must be from 1 s to 1 h.");
        Check(GraceTime >= TimeSpan.Zero && GraceTime <= TimeSpan.FromHours(1), "GraceTime must be from zero to 1 h.");
        Check(!string.IsNullOrEmpty(Program), "Program must not be empty.");
        Check(TimeProvider is not null, "TimeProvider must be given.");
    }

    private static bool IsName(string? name, SearchValues<char> allowed) =>
        !string.IsNullOrEmpty(name) && !name.StartsWith('-') && !name.AsSpan().ContainsAnyExcept(allowed);

    private static bool IsPath(string? path) => !string.IsNullOrEmpty(path) && path.StartsWith('/') && !path.AsSpan().ContainsAny(UnsafeInPaths);

    private static bool IsSeconds(TimeSpan time) => time >= TimeSpan.FromSeconds(1) && time <= TimeSpan.FromHours(1);

    private static void Check(bool holds, string message)
    {
        if (!holds)
        {
            throw new StreamRuntimeException(ErrorKind.Configuration, message);
        }
    }
}
