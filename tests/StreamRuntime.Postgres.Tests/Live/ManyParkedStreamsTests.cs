using System.Diagnostics;
using System.Globalization;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;
using Xunit.Abstractions;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>A crowd of parked streams: what it holds, and how it comes back.</summary>
[Collection(MeasuredTests.Name)]
public sealed class ManyParkedStreamsTests(LiveServer server, ITestOutputHelper output)
{
    private const int Connections = 20;

    [Fact]
    public async Task ParkedStreams_HoldNoConnectionAndLittleMemory_AndAreAllResumedInOrderOfAsking()
    {
        int count = LiveStreams.IsFull ? 100_000 : 4_000;
        string application = $"parked-{Guid.NewGuid():N}";
        await server.Cluster.PsqlAsync("create table if not exists parked_many as select i as id, json_build_object('i', i, 'pad', repeat('x', 200)) as data from generate_series(1, 500) i; create unique index if not exists parked_many_id on parked_many (id); analyze parked_many");
        await using PostgresDataSource source = PostgresDataSource.Create(server.Options($"application_name={application}") with
        {
            Pool = new() { MaxSize = Connections, LeaseTimeout = Timeout.InfiniteTimeSpan },
        });
        PostgresQuery query = new PostgresQuery("select data, id from parked_many").WithKey("id");
        var streams = new JsonRowStream[count];
        var watch = Stopwatch.StartNew();

        // The first ones fill what is shared by all: statements, pools of buffers, compiled code.
        await ParkAsync(0, 200);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await ParkAsync(200, count);
        long each = (GC.GetTotalMemory(forceFullCollection: true) - before) / (count - 200);
        output.WriteLine($"{count} streams parked in {watch.Elapsed.TotalSeconds:0.0} s, {each} bytes each");
        Assert.Equal(0, source.GetPoolStatistics().Leased);
        Assert.InRange(each, 1, 1024);

        // Nor does any of them need those that the pool keeps idle.
        await server.Cluster.PsqlAsync($"select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = '{application}'");
        Assert.Equal("0", (await server.Cluster.PsqlAsync($"select count(*) from pg_stat_activity where application_name = '{application}'")).Trim());

        watch.Restart();
        var order = new List<int>();
        Task[] reads = new Task[count];
        for (int i = 0; i < count; i++)
        {
            Task resumed = streams[i].ResumeAsync();
            Assert.True(resumed.IsCompletedSuccessfully);
        }

        double asked = watch.Elapsed.TotalSeconds;
        for (int i = 0; i < count; i++)
        {
            reads[i] = ReadOneAsync(i);
        }

        await Task.WhenAll(reads).WaitAsync(TimeSpan.FromMinutes(15));
        output.WriteLine($"{count} resumes asked for in {asked:0.0} s, and all of them read on and ended after {watch.Elapsed.TotalSeconds:0.0} s; {source.GetPoolStatistics().Opened} connections opened");

        // The line is first in, first out, as is shown elsewhere to the place; what is seen here comes after it: twenty at a time, and in what order the thread pool runs them.
        int furthest = 0;
        for (int i = 0; i < count; i++)
        {
            furthest = Math.Max(furthest, Math.Abs(order[i] - i));
        }

        output.WriteLine($"the furthest from its place in the order was {furthest} away");
        Assert.Equal(Enumerable.Range(0, count), order.Order());
        Assert.InRange(furthest, 0, Math.Max(1_000, count / 20));
        Assert.InRange(source.GetPoolStatistics().Total, 1, Connections);

        async Task ParkAsync(int first, int end)
        {
            await Parallel.ForAsync(first, end, new ParallelOptions { MaxDegreeOfParallelism = Connections }, async (i, _) =>
            {
                streams[i] = await source.StreamAsync(query, cancellationToken: CancellationToken.None);
                await using (IAsyncEnumerator<JsonRow> rows = streams[i].GetAsyncEnumerator(CancellationToken.None))
                {
                    Assert.True(await rows.MoveNextAsync());
                    Assert.Equal(1, LiveStreams.NumberOf(rows.Current));
                }

                await streams[i].ParkAsync();
            });
        }

        async Task ReadOneAsync(int i)
        {
            await using (IAsyncEnumerator<JsonRow> rows = streams[i].GetAsyncEnumerator())
            {
                Assert.True(await rows.MoveNextAsync(), string.Create(CultureInfo.InvariantCulture, $"stream {i} has no next row"));
                Assert.Equal(2, LiveStreams.NumberOf(rows.Current));
            }

            lock (order)
            {
                order.Add(i);
            }

            // Only now its connection is free for the next in line.
            await streams[i].DisposeAsync();
        }
    }
}
