using System.Diagnostics;
using StreamRuntime.Postgres.Tests.Transport;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Hostile;

/// <summary>Runs a client against a server that means no good, and checks what holds for every one of them.</summary>
internal static class HostileServer
{
    private const long MostBytes = 256L * 1024 * 1024;

    // Our own deadlines in these tests are below a second; this tells a hang from a slow machine.
    private static readonly TimeSpan NoHang = TimeSpan.FromSeconds(20);

    public static JsonRowStreamOptions StreamOptions { get; } = new() { ProgressTimeout = TimeSpan.FromMilliseconds(300) };

    /// <summary>The client must fail with one of our errors, in time, in bounded memory, and close the connection.</summary>
    /// <param name="script">What the server does.</param>
    /// <param name="adapt">Changes the client's options.</param>
    /// <param name="streamOptions">A progress timeout of 300 ms by default.</param>
    public static async Task<Outcome> MeetAsync(
        Func<ScriptedConnection, Task> script, Func<PostgresOptions, PostgresOptions>? adapt = null, JsonRowStreamOptions? streamOptions = null)
    {
        int over = 0;
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            try
            {
                await script(c);
                await c.DrainAsync();
            }
            catch (ScriptException)
            {
                // The client left in the middle of what the script had in mind: that is what these tests are about.
                return;
            }
            finally
            {
                Interlocked.Increment(ref over);
            }
        });
        PostgresOptions options = Outcome.OptionsFor(server) with
        {
            ConnectTimeout = TimeSpan.FromMilliseconds(500), CancelTimeout = TimeSpan.FromMilliseconds(200), Password = "geheim",
        };
        long before = GC.GetTotalMemory(forceFullCollection: false);
        using var watching = new CancellationTokenSource();
        Task<long> watch = PeakAsync(watching.Token);
        long started = Stopwatch.GetTimestamp();
        Outcome outcome = await Outcome.ReadAsync(adapt?.Invoke(options) ?? options, streamOptions ?? StreamOptions).WaitAsync(NoHang);
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        await watching.CancelAsync();
        Assert.True(took < NoHang / 2, $"it took {took}");
        Assert.True(await watch - before < MostBytes, $"{(await watch - before) >> 20} MiB");
        Assert.NotNull(outcome.Error);
        Assert.IsType<StreamRuntimeException>(outcome.Error, exactMatch: false);
        Assert.DoesNotContain("geheim", outcome.Error.ToString(), StringComparison.Ordinal);
        await Wait.UntilAsync(() => Volatile.Read(ref over) == server.Connections.Count, NoHang, "the client closes its connections");
        return outcome;
    }

    /// <summary>Logs the client in, describes one JSON column, and hears the query.</summary>
    public static async Task StartQueryAsync(ScriptedConnection connection)
    {
        await connection.StartUpAsync();
        await connection.ExpectAsync("PDH");
        await connection.SendAsync(Conversation.DescribedJson);
        await connection.ExpectAsync("BES");
    }

    /// <summary>Hears the start-up message and says nothing to it.</summary>
    public static Task HearStartUpAsync(ScriptedConnection connection) =>
        connection.StartUpAsync(new ScriptedStartUp { Authentication = _ => Task.CompletedTask, Parameters = [], Secret = null, Ready = false });

    /// <summary>Says the same for ever, or until the client has gone.</summary>
    public static async Task FloodAsync(ScriptedConnection connection, params byte[][] messages)
    {
        byte[] once = BackendMessages.Join(messages);
        byte[] many = BackendMessages.Join(Enumerable.Repeat(once, Math.Max(1, 64 * 1024 / once.Length)));
        while (true)
        {
            await connection.SendAsync(many.AsMemory());
        }
    }

    /// <summary>Says something over and over, a byte every 50 ms, until the client has gone.</summary>
    public static async Task DripAsync(ScriptedConnection connection, byte[] bytes)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (int at = 0; await timer.WaitForNextTickAsync(); at++)
        {
            await connection.SendAsync(bytes.AsMemory(at % bytes.Length, 1));
        }
    }

    private static async Task<long> PeakAsync(CancellationToken cancellationToken)
    {
        long peak = 0;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: false));
            }
        }
        catch (OperationCanceledException)
        {
            return Math.Max(peak, GC.GetTotalMemory(forceFullCollection: false));
        }

        return peak;
    }
}
