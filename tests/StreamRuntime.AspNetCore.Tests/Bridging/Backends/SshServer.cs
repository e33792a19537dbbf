using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using StreamRuntime.AspNetCore.Bridging.Backends;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.AspNetCore.Tests.Bridging.Backends;

/// <summary>A real sshd on a free port of the loopback, with keys of its own that are thrown away with it.</summary>
internal sealed class SshServer : IAsyncDisposable
{
    private const string Host = "127.0.0.1";
    private const string PrivilegeSeparationFolder = "/run/sshd";

    private readonly ChildProcess _process;
    private readonly string _folder;
    private readonly int _port;

    private SshServer(ChildProcess process, string folder, int port)
    {
        _process = process;
        _folder = folder;
        _port = port;
        Options = new SshBackendOptions
        {
            Host = Host,
            Port = port,
            User = Environment.UserName,
            IdentityFile = Path.Combine(folder, "user"),
            KnownHostsFile = Path.Combine(folder, "known"),
        };
    }

    /// <summary>What logs in there.</summary>
    public SshBackendOptions Options { get; }

    /// <exception cref="InvalidOperationException">It is not installed, or did not start; the message says why.</exception>
    public static async Task<SshServer> StartAsync()
    {
        string program = Find();
        string folder = TestFolder.Create("sshd");
        foreach (string key in new[] { "host", "otherhost", "user", "stranger" })
        {
            await CommandLine.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", key, "-f", Path.Combine(folder, key)]);
        }

        File.Copy(Path.Combine(folder, "user.pub"), Path.Combine(folder, "authorized"));
        if (Environment.IsPrivilegedProcess)
        {
            // sshd insists on it when it starts as root; a package's service would have made it.
            Directory.CreateDirectory(PrivilegeSeparationFolder);
        }

        for (int tries = 1; ; tries++)
        {
            int port = FreePort();
            string configuration = Path.Combine(folder, "sshd_config");
            await File.WriteAllLinesAsync(configuration, Configuration(folder, port));
            ChildProcess process = await ChildProcess.StartAsync(program, ["-D", "-e", "-f", configuration], folder, ServerAccount.Ours, UnixSignal.Kill);
            if (await process.WaitForLineAsync(l => l.Contains("Server listening on", StringComparison.Ordinal), TimeSpan.FromSeconds(30)) is not null)
            {
                var server = new SshServer(process, folder, port);
                await server.KnowAsync("known", "host");
                return server;
            }

            await process.DisposeAsync();
            if (tries == 5)
            {
                throw new InvalidOperationException($"sshd did not start. Its log:\n{process.Log}");
            }
        }
    }

    /// <summary>The same, with another host's key taken for this one's.</summary>
    public async Task<SshBackendOptions> WithOtherHostKeyAsync()
    {
        await KnowAsync("wrong", "otherhost");
        return Options with { KnownHostsFile = Path.Combine(_folder, "wrong") };
    }

    /// <summary>The same, where no host is known.</summary>
    public async Task<SshBackendOptions> WithUnknownHostAsync()
    {
        string file = Path.Combine(_folder, "nobody");
        await File.WriteAllTextAsync(file, "");
        return Options with { KnownHostsFile = file };
    }

    /// <summary>The same, with a key that nobody has authorised.</summary>
    public SshBackendOptions WithStrangersKey() => Options with { IdentityFile = Path.Combine(_folder, "stranger") };

    /// <summary>Kills the server and everything it has started, at once.</summary>
    public void KillAll()
    {
        foreach (int process in Descendants(_process.Id))
        {
            ChildProcess.SendSignal(process, UnixSignal.Kill);
        }

        _process.Signal(UnixSignal.Kill);
    }

    public async ValueTask DisposeAsync()
    {
        KillAll();
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task KnowAsync(string file, string key)
    {
        string[] words = (await File.ReadAllTextAsync(Path.Combine(_folder, key + ".pub"))).Split(' ');
        await File.WriteAllTextAsync(Path.Combine(_folder, file), $"[{Host}]:{_port} {words[0]} {words[1]}\n");
    }

    private static IEnumerable<int> Descendants(int parent)
    {
        var parents = new List<(int Id, int Parent)>();
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int id))
            {
                continue;
            }

            try
            {
                // The name, in parentheses, may hold anything; what follows does not.
                string stat = File.ReadAllText(Path.Combine(folder, "stat"), Encoding.Latin1);
                string[] rest = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                parents.Add((id, int.Parse(rest[1], CultureInfo.InvariantCulture)));
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // Ended in between.
                continue;
            }
        }

        var found = new List<int> { parent };
        for (int i = 0; i < found.Count; i++)
        {
            found.AddRange(parents.Where(p => p.Parent == found[i]).Select(p => p.Id));
        }

        return found.Skip(1);
    }

    private static string Find()
    {
        // Debian puts it where only root's PATH looks.
        IEnumerable<string> folders = ["/usr/sbin", .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)];
        return folders.Select(f => Path.Combine(f, "sshd")).FirstOrDefault(File.Exists) ?? throw new InvalidOperationException(
            "This test needs sshd and did not find it. Run ./test.sh, which installs it, or: apt-get install openssh-server");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string[] Configuration(string folder, int port) =>
    [
        $"ListenAddress {Host}",
        $"Port {port.ToString(CultureInfo.InvariantCulture)}",
        $"HostKey {Path.Combine(folder, "host")}",
        $"AuthorizedKeysFile {Path.Combine(folder, "authorized")}",
        "PidFile none",
        "UsePAM no",
        "StrictModes no",
        "PermitRootLogin prohibit-password",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PrintMotd no",
        "UseDNS no",
    ];
}
