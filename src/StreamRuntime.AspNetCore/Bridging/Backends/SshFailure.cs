namespace StreamRuntime.AspNetCore.Bridging.Backends;

/// <summary>Makes clear errors of what the client program said.</summary>
internal static class SshFailure
{
    private static readonly string[] ConnectWords =
        ["Connection refused", "Could not resolve hostname", "No route to host", "Network is unreachable", "Connection timed out", "Operation timed out"];

    private static readonly string[] LossWords =
        ["not responding", "closed by remote host", "Connection reset", "Connection closed", "Broken pipe", "client_loop:", "Timeout, server", "kex_exchange_identification"];

    /// <summary>The login did not succeed.</summary>
    public static StreamRuntimeException BeforeLogin(SshBackendOptions options, string said, int exitCode)
    {
        string server = $"{options.User}@{options.Host}:{options.Port}";
        if (said.Contains("HOST IDENTIFICATION HAS CHANGED", StringComparison.Ordinal))
        {
            return new(ErrorKind.Authentication, $"{options.Host}:{options.Port} has another host key than the one known for it (KnownHostsFile). Somebody may be in between, or the host was set up anew.");
        }

        if (said.Contains("host key is known for", StringComparison.Ordinal))
        {
            return new(ErrorKind.Authentication, $"No host key is known for {options.Host}:{options.Port} (KnownHostsFile). Unknown hosts are never accepted.");
        }

        if (said.Contains("Host key verification failed", StringComparison.Ordinal))
        {
            return new(ErrorKind.Authentication, $"The host key of {options.Host}:{options.Port} could not be verified (KnownHostsFile).");
        }

        if (LineWith(said, ["Permission denied", "Too many authentication failures"]) is not null)
        {
            return new(ErrorKind.Authentication, $"{server} refused the login by the key in IdentityFile.");
        }

        if (LineWith(said, ["Load key", "no such identity", "bad permissions", "Bad owner or permissions", "Can't open user"]) is { } file)
        {
            return new(ErrorKind.Configuration, $"The login as {server} could not be tried: {file}");
        }

        string? line = LineWith(said, ConnectWords) ?? LineWith(said, LossWords) ?? LastLine(said);
        return new(ErrorKind.ConnectFailed, $"No SSH connection to {server}: {line ?? $"the client program ended with {exitCode}"}", isTransient: true);
    }

    /// <summary>The connection broke after the login. What else is on standard error may be the remote command's, so only the program's own words are taken.</summary>
    public static StreamRuntimeException AfterLogin(SshBackendOptions options, string said, int exitCode) => new(
        ErrorKind.ConnectionLost,
        $"The SSH connection to {options.Host}:{options.Port} broke: {LineWith(said, LossWords) ?? $"the client program ended with {exitCode}"}",
        isTransient: true);

    private static string? LineWith(string said, string[] words)
    {
        foreach (string line in said.Split('\n'))
        {
            foreach (string word in words)
            {
                if (line.Contains(word, StringComparison.Ordinal))
                {
                    return line.Trim();
                }
            }
        }

        return null;
    }

    private static string? LastLine(string said)
    {
        string line = said.TrimEnd();
        line = line[(line.LastIndexOf('\n') + 1)..].Trim();
        return line.Length > 0 ? line : null;
    }
}
