using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Resuming;
using Xunit.Abstractions;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>Random histories of a stream with a key, on a real server: whatever happens to it, the rows delivered are exactly those that the server has, in its order.</summary>
[Collection(LiveTests.Name)]
public sealed class ParkHistoryTests(LiveServer server, ITestOutputHelper output)
{
    private const int MostSteps = 24;

    private static Gen<ParkStep> Steps =>
        from act in Gen.Frequency(
            (6, Gen.Constant(ParkAct.Enumerate)), (4, Gen.Constant(ParkAct.ReadBatch)), (3, Gen.Constant(ParkAct.Copy)), (2, Gen.Constant(ParkAct.Pause)),
            (5, Gen.Constant(ParkAct.Park)), (4, Gen.Constant(ParkAct.Resume)), (2, Gen.Constant(ParkAct.ReadAcrossPark)), (2, Gen.Constant(ParkAct.ParkBesideRead)),
            (1, Gen.Constant(ParkAct.Kill)), (3, Gen.Constant(ParkAct.Restart)))
        from count in Gen.Frequency((1, Gen.Constant(0)), (4, Gen.Choose(1, 8)), (2, Gen.Choose(5, 80)))
        select new ParkStep(act, count);

    [Fact]
    public async Task RandomHistories_OnARealServer_DeliverEveryRowOnceAndInOrder()
    {
        await ParkingTable.CreateAsync(server);
        int seed = Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_SEED") is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : Random.Shared.Next(1_000_000_000);
        int histories = LiveStreams.IsFull ? 10_000 : 150;
        output.WriteLine($"seed {seed} (STREAMRUNTIME_TEST_SEED)");
        string application = $"park-{Guid.NewGuid():N}";
        await using PostgresDataSource source = server.Source($"application_name={application}");
        await using PostgresDataSource killer = server.Source();
        var tokens = new ResumeTokenOptions { Protector = new AesGcmTokenProtector(RandomNumberGenerator.GetBytes(32)) };
        var orders = new Dictionary<string, int[]>();
        foreach (string key in ParkingTable.Keys)
        {
            orders[key] = await ParkingTable.OrderAsync(server, key);
        }

        int run = 0;
        int parks = 0;
        int restarts = 0;
        var watch = Stopwatch.StartNew();
        Gen<(string Key, ParkStep[] Steps)> history =
            from key in Gen.Elements(ParkingTable.Keys)
            from length in Gen.Choose(1, MostSteps)
            from steps in Steps.ArrayOf(length)
            select (key, steps);
        Prop.ForAll(
            Arb.From(history, Shorter),
            each =>
            {
                var subject = new ParkHistory(source, application, KillAsync, each.Key, orders[each.Key], tokens);
                Task.Run(() => subject.RunAsync(each.Steps)).GetAwaiter().GetResult();
                run++;
                parks += subject.Parks;
                restarts += subject.Restarts;
            })
            .Check(Config.QuickThrowOnFailure.WithMaxTest(histories).WithReplay((ulong)seed, 1));
        output.WriteLine($"{run} histories, {parks} parks, {restarts} restarts from tokens, {watch.Elapsed.TotalSeconds:0.0} s");
        Assert.InRange(parks, histories, int.MaxValue);
        Assert.InRange(restarts, histories / 2, int.MaxValue);
        await source.AssertSettledAsync(server.Cluster, application);

        async Task KillAsync(string name) =>
            await killer.RowsOfAsync($"select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = {name}");
    }

    // Without one stretch of steps, the longest stretches first.
    private static IEnumerable<(string Key, ParkStep[] Steps)> Shorter((string Key, ParkStep[] Steps) history)
    {
        for (int cut = history.Steps.Length / 2; cut > 0; cut /= 2)
        {
            for (int from = 0; from + cut <= history.Steps.Length; from += cut)
            {
                yield return (history.Key, [.. history.Steps[..from], .. history.Steps[(from + cut)..]]);
            }
        }
    }
}
