using System.Text.Json;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Processes;
using StreamRuntime.TestKit.Servers;
using Xunit.Abstractions;

namespace StreamRuntime.Cli.Tests.SafeExports;

public sealed class SafeExportTests(ITestOutputHelper log) : IAsyncLifetime
{
    private static readonly bool IsFull = Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_FULL") == "1";
    private static readonly int Rows = IsFull ? 1_000_000 : 200_000;

    private PostgresCluster _cluster = null!;
    private SafeExportRun _export = null!;
    private byte[] _expected = null!;

    public async Task InitializeAsync()
    {
        _cluster = await PostgresCluster.StartAsync();
        await _cluster.PsqlAsync(
            $"create table t as select id, json_build_object('id', id, 'text', 'zeile ' || id || ' ä', 'filling', repeat('x', id % 50)) as data from generate_series(1, {Rows}) as id;\n"
            + "alter table t add primary key (id)");
        _expected = await _cluster.PsqlBytesAsync("select data from t order by id");
        _export = new SafeExportRun(_cluster.Uri);
    }

    public async Task DisposeAsync()
    {
        _export.Remove();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Export_KilledAtRandomMoments_EqualsPsqlAfterTheLastStart()
    {
        int seed = Environment.TickCount;
        log.WriteLine($"seed {seed}");
        var random = new Random(seed);
        string expected = SafeExportRun.Hash(_expected);
        int wanted = IsFull ? 100 : 8;
        int kills = 0;
        int continued = 0;
        int finished = 0;

        // A checkpoint each few milliseconds, so that kills come in the middle of everything a checkpoint does.
        string[] often = ["--checkpoint-time", "5ms", "--checkpoint-size", "256k"];
        while (kills < wanted)
        {
            await using Streamrt run = _export.Start(often);
            bool watches = random.Next(4) > 0;
            if (watches)
            {
                // Most of the time it would be killed while it still starts, which is tried as well, but not only.
                DateTime before = LastWrite();
                await Wait.UntilAsync(() => Task.FromResult(run.HasExited || LastWrite() > before), Streamrt.Limit, "the export has saved its state");
            }

            await Task.Delay(random.Next(watches ? 150 : 400));
            if (!run.HasExited)
            {
                run.Signal(UnixSignal.Kill);
            }

            int code = await run.WaitForExitAsync();
            continued += run.Errors.Contains("going on after", StringComparison.Ordinal) ? 1 : 0;
            if (code == 0)
            {
                finished++;
                Assert.Equal(expected, _export.Hash());
                _export.Begin();
            }
            else
            {
                Assert.True(code == 137, $"exit code {code}: {run.Errors}");
                kills++;
            }
        }

        (int last, string errors) = await _export.RunAsync();
        log.WriteLine($"{kills} kills, {continued} starts went on, {finished} ends meanwhile; SHA-256 {_export.Hash()}");
        Assert.True(last == 0, errors);
        Assert.Equal(expected, _export.Hash());
        Assert.True(continued > 0, "No start went on from a state, so nothing was tried.");
    }

    [Fact]
    public async Task Export_DiskFull_SaysSoAndGoesOnAfterSpaceIsMade()
    {
        // A file system of its own that nobody else sees, and that ends with the shell.
        string folder = Path.GetDirectoryName(_export.OutputPath)!;
        string export = string.Join(' ', _export.Arguments.Select(a => $"'{a}'"));
        string script = $$"""
            mount -t tmpfs -o size=6m export '{{folder}}' || exit 99
            head -c 4500000 /dev/zero > '{{folder}}/filling'
            dotnet '{{Streamrt.Program}}' {{export}} --checkpoint-size 64k; echo "first $?"
            wc -l < '{{_export.OutputPath}}'
            rm '{{folder}}/filling'; mount -o remount,size=200m '{{folder}}'
            dotnet '{{Streamrt.Program}}' {{export}}; echo "second $?"
            sha256sum < '{{_export.OutputPath}}'
            """;
        await using Streamrt run = Streamrt.StartProgram("unshare", ["--mount", "--map-root-user", "bash", "-c", script]);
        run.Input.Close();
        string output = System.Text.Encoding.UTF8.GetString(await run.ReadToEndAsync());
        Assert.True(await run.WaitForExitAsync() == 0, run.Errors);
        log.WriteLine(run.Errors);
        string[] lines = output.Split('\n');
        Assert.Equal("first 1", lines[0]);
        Assert.Contains("No space left on device", run.Errors, StringComparison.Ordinal);
        Assert.InRange(int.Parse(lines[1], System.Globalization.CultureInfo.InvariantCulture), 1, Rows - 1);
        Assert.Contains("going on after", run.Errors, StringComparison.Ordinal);
        Assert.Equal("second 0", lines[2]);
        Assert.StartsWith(SafeExportRun.Hash(_expected), lines[3].ToUpperInvariant(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_Finished_SaysSoAndTouchesNothing()
    {
        Assert.Equal((0, ""), await _export.RunAsync());
        Assert.Equal(_expected, await File.ReadAllBytesAsync(_export.OutputPath));
        (int code, string errors) = await _export.RunAsync();
        Assert.Equal(0, code);
        Assert.Equal($"streamrt: '{_export.OutputPath}' is complete: {Rows} rows, {_expected.Length} bytes.\n", errors);
        Assert.Equal(_expected, await File.ReadAllBytesAsync(_export.OutputPath));
    }

    [Fact]
    public async Task Export_State_IsReadableByItsOwnerOnly()
    {
        await _export.RunAsync();
        UnixFileMode mode = OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(_export.StatePath);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, mode);
        using var state = JsonDocument.Parse(await File.ReadAllBytesAsync(_export.StatePath));
        Assert.Equal(Rows, state.RootElement.GetProperty("rows").GetInt64());
        Assert.True(state.RootElement.GetProperty("complete").GetBoolean());
    }

    [Fact]
    public async Task Export_Interrupted_GoesOnRightAfterTheLastRow()
    {
        await using (Streamrt run = _export.Start("--checkpoint-time", "1h", "--checkpoint-size", "64k"))
        {
            await Wait.UntilAsync(() => Task.FromResult(File.Exists(_export.OutputPath) && new FileInfo(_export.OutputPath).Length > 0), Streamrt.Limit, "rows are written");
            run.Signal(UnixSignal.Interrupt);
            int code = await run.WaitForExitAsync();
            Assert.True(code is 130 or 0, run.Errors);
        }

        // What was written before it ended counts, to the last row, since an orderly end saves its state too.
        using (var state = JsonDocument.Parse(await File.ReadAllBytesAsync(_export.StatePath)))
        {
            Assert.Equal(new FileInfo(_export.OutputPath).Length, state.RootElement.GetProperty("length").GetInt64());
        }

        Assert.Equal(0, (await _export.RunAsync()).ExitCode);
        Assert.Equal(_expected, await File.ReadAllBytesAsync(_export.OutputPath));
    }

    [Fact]
    public async Task Export_ServerLost_SavesWhatWasWritten()
    {
        await using (Streamrt run = _export.Start("--checkpoint-time", "1h", "--checkpoint-size", "64k"))
        {
            await Wait.UntilAsync(() => Task.FromResult(File.Exists(_export.OutputPath) && new FileInfo(_export.OutputPath).Length > 0), Streamrt.Limit, "rows are written");
            await _cluster.StopAsync(PostgresStopMode.Immediate);
            int code = await run.WaitForExitAsync();
            Assert.True(code is 1 or 0, run.Errors);
        }

        await _cluster.StartAgainAsync();
        Assert.Equal(0, (await _export.RunAsync()).ExitCode);
        Assert.Equal(_expected, await File.ReadAllBytesAsync(_export.OutputPath));
    }

    [Theory]
    [InlineData("select data, id from t where id > 5", "id", "the SQL")]
    [InlineData(SafeExportRun.Sql, "id desc", "--key")]
    [InlineData(SafeExportRun.Sql, "id", "--where", "--where", ".id=5")]
    public async Task Export_OtherArguments_AreRefusedByName(string sql, string key, string name, params string[] more)
    {
        await _export.RunAsync();
        (int code, _, string errors) = await Streamrt.RunAsync(_export.WithSql(sql, key, more));
        Assert.Equal(2, code);
        Assert.Contains($"is the state of another export: {name} was not the same", errors, StringComparison.Ordinal);
        Assert.Equal(_expected, await File.ReadAllBytesAsync(_export.OutputPath));
    }

    [Fact]
    public async Task Export_OutputWithoutState_IsRefusedAndKept()
    {
        await File.WriteAllTextAsync(_export.OutputPath, "somebody's\n");
        (int code, string errors) = await _export.RunAsync();
        Assert.Equal(2, code);
        Assert.Contains("there is no state file", errors, StringComparison.Ordinal);
        Assert.Equal("somebody's\n", await File.ReadAllTextAsync(_export.OutputPath));
    }

    [Fact]
    public async Task Export_OutputChanged_IsRefused()
    {
        await _export.RunAsync();
        await using (FileStream file = File.OpenWrite(_export.OutputPath))
        {
            file.Position = file.Length - 3;
            file.WriteByte((byte)'!');
        }

        (int code, string errors) = await _export.RunAsync();
        Assert.Equal(2, code);
        Assert.Contains("is not as the export left it", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_WhileAnotherWrites_IsRefused()
    {
        await using FileStream other = new(_export.OutputPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        (int code, string errors) = await _export.RunAsync();
        Assert.Equal(1, code);
        Assert.Contains("can't be written", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_Pipe_GoesOnAfterTheLimit()
    {
        string[] query = ["query", "--source", _cluster.Uri, SafeExportRun.Sql, "--key", "id", "--print-token", "--progress", "never"];
        (string, string) key = ("STREAMRT_TOKEN_KEY", Convert.ToBase64String(new byte[32]));
        (byte[] first, string errors) = await RunAsync([.. query, "--limit", "1234"], key);
        string token = Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), l => l.StartsWith("token: ", StringComparison.Ordinal))["token: ".Length..];
        (byte[] rest, _) = await RunAsync([.. query, "--resume", token], key);
        Assert.Equal(1234, first.Count(b => b == (byte)'\n'));
        Assert.Equal(SafeExportRun.Hash(_expected), SafeExportRun.Hash([.. first, .. rest]));
    }

    [Fact]
    public async Task Tokens_OfAnotherKey_AreRefused()
    {
        string[] query = ["query", "--source", _cluster.Uri, SafeExportRun.Sql, "--key", "id", "--print-token", "--progress", "never", "--limit", "5"];
        (_, string errors) = await RunAsync(query, ("STREAMRT_TOKEN_KEY", Convert.ToBase64String(new byte[32])));
        await using Streamrt run = Streamrt.StartProgram(
            "dotnet", [Streamrt.Program, .. query, "--resume", errors.Trim()["token: ".Length..]], ("STREAMRT_TOKEN_KEY", Convert.ToBase64String([.. new byte[31], 1])));
        run.Input.Close();
        Assert.Empty(await run.ReadToEndAsync());
        Assert.Equal(1, await run.WaitForExitAsync());
        Assert.Contains("The resume token is refused: it is not authentic", run.Errors, StringComparison.Ordinal);
    }

    private static async Task<(byte[] Output, string Errors)> RunAsync(string[] arguments, (string, string) variable)
    {
        await using Streamrt run = Streamrt.StartProgram("dotnet", [Streamrt.Program, .. arguments], variable);
        run.Input.Close();
        byte[] output = await run.ReadToEndAsync();
        Assert.True(await run.WaitForExitAsync() == 0, run.Errors);
        return (output, run.Errors);
    }

    private DateTime LastWrite() => File.Exists(_export.StatePath) ? File.GetLastWriteTimeUtc(_export.StatePath) : DateTime.MinValue;
}
