namespace StreamRuntime.TestKit.Processes;

/// <summary>Who a child process runs as.</summary>
public enum ServerAccount
{
    /// <summary>Whoever runs the tests.</summary>
    Ours,

    /// <summary>The <c>postgres</c> user when the tests run as root, since PostgreSQL and pgbouncer refuse root; else whoever runs the tests.</summary>
    NotRoot,
}

internal static class ServerAccounts
{
    public const string Name = "postgres";

    public static bool Changes(ServerAccount account) => account == ServerAccount.NotRoot && Environment.IsPrivilegedProcess;

    // setpriv instead of runuser: it replaces itself with the program, so the child's id and signals are the program's own.
    public static string[] SetprivOptions(ServerAccount account) =>
        Changes(account) ? ["--reuid", Name, "--regid", Name, "--init-groups"] : [];

    /// <summary>Gives files to the account the server runs as.</summary>
    public static async Task GiveAsync(params string[] paths)
    {
        if (Changes(ServerAccount.NotRoot))
        {
            await CommandLine.RunAsync("chown", ["-R", Name + ":", .. paths]);
        }
    }
}
