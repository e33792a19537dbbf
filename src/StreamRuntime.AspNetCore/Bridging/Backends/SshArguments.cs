using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace StreamRuntime.AspNetCore.Bridging.Backends;

/// <summary>How OpenSSH's client is started: by its own arguments alone, whatever the account's configuration says, and without a shell in between.</summary>
internal static class SshArguments
{
    public static ProcessStartInfo StartInfo(SshBackendOptions options)
    {
        var start = new ProcessStartInfo(options.Program)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (string argument in Arguments(options))
        {
            start.ArgumentList.Add(argument);
        }

        // Its messages are read for what went wrong; and nothing may ask a person or an agent.
        start.Environment["LC_ALL"] = "C";
        start.Environment["TERM"] = options.TerminalType;
        start.Environment.Remove("SSH_AUTH_SOCK");
        start.Environment.Remove("SSH_ASKPASS");
        start.Environment.Remove("DISPLAY");
        return start;
    }

    public static IEnumerable<string> Arguments(SshBackendOptions options)
    {
        yield return "-F";
        yield return "none";
        yield return "-e";
        yield return "none";
        yield return options.AllocateTerminal ? "-tt" : "-T";
        foreach (string setting in Settings(options))
        {
            yield return "-o";
            yield return setting;
        }

        yield return "-p";
        yield return options.Port.ToString(CultureInfo.InvariantCulture);
        yield return "-l";
        yield return options.User;
        yield return "--";
        yield return options.Host;
        if (options.Command is { } command)
        {
            // Another "--" would reach the remote shell. Options behind the host are read by some versions, which is why no command may begin with a dash.
            yield return command;
        }
    }

    private static IEnumerable<string> Settings(SshBackendOptions options) =>
    [
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        $"UserKnownHostsFile=\"{options.KnownHostsFile}\"",
        "GlobalKnownHostsFile=none",
        "UpdateHostKeys=no",
        "VerifyHostKeyDNS=no",
        "CheckHostIP=no",
        $"IdentityFile=\"{options.IdentityFile}\"",
        "IdentitiesOnly=yes",
        "IdentityAgent=none",
        "PreferredAuthentications=publickey",
        $"ConnectTimeout={Seconds(options.ConnectTimeout)}",
        "ConnectionAttempts=1",
        $"ServerAliveInterval={Seconds(options.ServerAliveInterval)}",
        "ServerAliveCountMax=3",
        "ClearAllForwardings=yes",
        "ExitOnForwardFailure=yes",
        "ForwardAgent=no",
        "ForwardX11=no",
        "PermitLocalCommand=no",
        "ControlMaster=no",
        "ControlPath=none",
        "Tunnel=no",

        // The lowest level that says when the login has succeeded.
        "LogLevel=VERBOSE",
    ];

    private static string Seconds(TimeSpan time) => ((int)Math.Ceiling(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
}
