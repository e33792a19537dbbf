using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using StreamRuntime.AspNetCore.Bridging;
using StreamRuntime.AspNetCore.Bridging.Backends;
using StreamRuntime.AspNetCore.WebSockets;
using StreamRuntime.TestKit;

namespace StreamRuntime.AspNetCore.Tests.Bridging.Backends;

/// <summary>Against a real sshd.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "xunit calls its own DisposeAsync.")]
public sealed class SshBackendTests : IAsyncLifetime
{
    // What is promised, on a machine that has nothing else to do; where other tests run beside, only that no time limit was waited for.
    private static readonly TimeSpan Promptly = TimeSpan.FromSeconds(TestRun.IsFull ? 1 : 4);
    private readonly Sessions _sessions = new();
    private readonly MemoryClient _client = new();
    private SshServer _server = null!;

    public async Task InitializeAsync() => _server = await SshServer.StartAsync();

    public async Task DisposeAsync()
    {
        await _sessions.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Command_ThatEnds_GivesItsOutputAndItsStatus()
    {
        var backend = new SshBackend(_server.Options with { Command = "echo \"$((6 * 7)) 'a b'\"; echo unseen >&2; exit 3" });
        BridgeSession session = await _sessions.StartAsync(_client, backend);
        BridgeResult result = await Sessions.EndOf(session);
        Assert.Equal("42 'a b'\n", Encoding.UTF8.GetString(_client.Taken));
        Assert.Equal((BridgeEnd.BackendEnded, 3, 1000), (result.End, result.ExitStatus, _client.CloseCode));
        Assert.Empty(result.Errors);
    }

    [Fact]
    public async Task Command_ThatEndsWhileTheClientSends_EndsInOrder()
    {
        BridgeSession session = await _sessions.StartAsync(_client, new SshBackend(_server.Options with { Command = "head -c 1" }));
        for (int i = 0; i < 100; i++)
        {
            _client.Says(new byte[10_000]);
        }

        BridgeResult result = await Sessions.EndOf(session);
        Assert.Equal((BridgeEnd.BackendEnded, 0), (result.End, result.ExitStatus));
        Assert.Equal(1, _client.TakenBytes);
    }

    [Fact]
    public async Task Shell_WithManyBytesEachWay_PassesThemUnchanged()
    {
        BridgeSession session = await _sessions.StartAsync(_client, new SshBackend(_server.Options));
        _client.Says("echo ready; exec cat\n"u8.ToArray());
        await Wait.UntilAsync(() => _client.TakenBytes == 6, TestRun.Patience, "the shell answers");

        // Every byte value is in it: nothing is an escape, and nothing is translated.
        byte[] bytes = RandomNumberGenerator.GetBytes(TestRun.IsFull ? 100_000_000 : 10_000_000);
        foreach (byte[] part in bytes.Chunk(100_000))
        {
            _client.Says(part);
        }

        _client.Says("\n~.\n~&\n"u8.ToArray());
        _client.Says(ControlKind.End);
        BridgeResult result = await session.Completion.WaitAsync(TimeSpan.FromMinutes(3));
        Assert.Equal((BridgeEnd.BackendEnded, 0), (result.End, result.ExitStatus));
        byte[] expected = [.. "ready\n"u8, .. bytes, .. "\n~.\n~&\n"u8];
        Assert.True(expected.AsSpan().SequenceEqual(_client.Taken));
    }

    [Fact]
    public async Task Terminal_WhenAskedFor_IsOne()
    {
        BridgeSession session = await _sessions.StartAsync(_client, new SshBackend(_server.Options with { Command = "tty; echo $TERM", AllocateTerminal = true, TerminalType = "vt220" }));
        await Sessions.EndOf(session);
        string[] lines = Encoding.UTF8.GetString(_client.Taken).Split("\r\n");
        Assert.StartsWith("/dev/", lines[0], StringComparison.Ordinal);
        Assert.Equal("vt220", lines[1]);
    }

    [Fact]
    public async Task HostKey_OfAnotherHost_IsRefused() => await AssertRefusedAsync(await _server.WithOtherHostKeyAsync(), "another host key");

    [Fact]
    public async Task HostKey_Unknown_IsRefused()
    {
        SshBackendOptions options = await _server.WithUnknownHostAsync();
        await AssertRefusedAsync(options, "No host key is known");
        Assert.Equal("", await File.ReadAllTextAsync(options.KnownHostsFile));
    }

    [Fact]
    public Task Login_WithAStrangersKey_IsRefused() => AssertRefusedAsync(_server.WithStrangersKey(), "refused the login");

    [Fact]
    public async Task Connect_WhereNobodyListens_SaysSo()
    {
        _server.KillAll();
        BridgeResult result = await EndOfStartAsync(_server.Options);
        var failure = Assert.IsType<StreamRuntimeException>(Assert.Single(result.Errors));
        Assert.Equal(ErrorKind.ConnectFailed, failure.Kind);
        Assert.Contains("Connection refused", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_WithoutTheProgram_SaysSo()
    {
        BridgeResult result = await EndOfStartAsync(_server.Options with { Program = "no-such-program" });
        var failure = Assert.IsType<StreamRuntimeException>(Assert.Single(result.Errors));
        Assert.Equal(ErrorKind.Configuration, failure.Kind);
        Assert.Contains("no-such-program", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_ThatDiesInTheMiddle_IsAFailureWithinASecond()
    {
        BridgeSession session = await _sessions.StartAsync(_client, new SshBackend(_server.Options with { Command = "echo ready; sleep 100" }));
        await Wait.UntilAsync(() => _client.TakenBytes == 6, TestRun.Patience, "the command runs");
        var watch = Stopwatch.StartNew();
        _server.KillAll();
        await _client.Told.Task.WaitAsync(TestRun.Patience);
        TimeSpan took = watch.Elapsed;
        BridgeResult result = await Sessions.EndOf(session);
        Assert.Equal((BridgeEnd.BackendFailed, 1011), (result.End, _client.CloseCode));
        Assert.Equal(ErrorKind.ConnectionLost, Assert.IsType<StreamRuntimeException>(result.Errors[0]).Kind);
        Assert.True(took < Promptly, $"The client was told after {took}.");
    }

    [Fact]
    public async Task Child_ThatIsKilled_IsAFailure()
    {
        var backend = new SshBackend(_server.Options with { Command = "echo ready; sleep 100" });
        BridgeSession session = await _sessions.StartAsync(_client, backend);
        await Wait.UntilAsync(() => _client.TakenBytes == 6, TestRun.Patience, "the command runs");
        using (var child = Process.GetProcessById(backend.ProcessId!.Value))
        {
            child.Kill();
        }

        Assert.Equal(BridgeEnd.BackendFailed, (await Sessions.EndOf(session)).End);
    }

    [Fact]
    public async Task Client_ThatVanishes_TakesTheChildWithItWithinASecond()
    {
        var backend = new SshBackend(_server.Options with { Command = "echo ready; sleep 100" });
        BridgeSession session = await _sessions.StartAsync(_client, backend);
        await Wait.UntilAsync(() => _client.TakenBytes == 6, TestRun.Patience, "the command runs");
        int child = backend.ProcessId!.Value;
        Assert.True(Directory.Exists($"/proc/{child}"));
        var watch = Stopwatch.StartNew();
        _client.Breaks(new IOException("reset"));
        BridgeResult result = await Sessions.EndOf(session);
        Assert.True(watch.Elapsed < Promptly, $"It took {watch.Elapsed}.");
        Assert.Equal(BridgeEnd.ClientLost, result.End);

        // Gone from the table of processes, too: it was reaped.
        Assert.False(Directory.Exists($"/proc/{child}"));
    }

    [Fact]
    public async Task Client_ThatVanishesDuringTheLogin_TakesTheChildWithIt()
    {
        // Somebody who accepts and says nothing.
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        var backend = new SshBackend(_server.Options with { Port = ((System.Net.IPEndPoint)silent.LocalEndpoint).Port });
        BridgeSession session = _sessions.Create(_client, backend);
        Task<bool> start = session.StartAsync();
        int child = backend.ProcessId!.Value;
        using var accepted = await silent.AcceptTcpClientAsync();
        _client.Breaks(new IOException("reset"));
        Assert.Equal(BridgeEnd.ClientLost, (await Sessions.EndOf(session)).End);
        Assert.False(await start);
        Assert.False(Directory.Exists($"/proc/{child}"));
    }

    [Fact]
    public async Task Pause_HoldsARemoteCommand()
    {
        BridgeSession session = await _sessions.StartAsync(_client, new SshBackend(_server.Options with { Command = "head -c 20000000 /dev/zero" }));
        await Wait.UntilAsync(() => _client.TakenBytes > 0, TestRun.Patience, "bytes come");
        Assert.True(session.Pause());
        long seen = -1;
        await Wait.UntilAsync(
            async () =>
            {
                long before = seen;
                seen = _client.TakenBytes;
                await Task.Delay(50);
                return before == seen;
            },
            TestRun.Patience,
            "no more bytes come");
        Assert.True(seen < 20_000_000);
        Assert.True(session.Resume());
        await Sessions.EndOf(session);
        Assert.Equal(20_000_000, _client.TakenBytes);
    }

    private async Task AssertRefusedAsync(SshBackendOptions options, string message)
    {
        BridgeResult result = await EndOfStartAsync(options);
        var failure = Assert.IsType<StreamRuntimeException>(Assert.Single(result.Errors));
        Assert.Equal(ErrorKind.Authentication, failure.Kind);
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
        Assert.Equal((BridgeEnd.ConnectFailed, 1011), (result.End, _client.CloseCode));
    }

    private async Task<BridgeResult> EndOfStartAsync(SshBackendOptions options)
    {
        BridgeSession session = _sessions.Create(_client, new SshBackend(options with { Command = "echo must not run" }));
        Assert.False(await session.StartAsync());
        BridgeResult result = await Sessions.EndOf(session);
        Assert.Empty(_client.Taken);
        return result;
    }
}
