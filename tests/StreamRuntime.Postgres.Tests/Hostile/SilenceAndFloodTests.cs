using System.Diagnostics;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Tests.Transport;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;
using StreamRuntime.TestKit.Timing;
using static StreamRuntime.TestKit.Servers.BackendMessages;

namespace StreamRuntime.Postgres.Tests.Hostile;

/// <summary>Servers that say nothing, too little or too much, at every stage of a conversation.</summary>
[Collection(AloneCollection.Name)]
public sealed class SilenceAndFloodTests
{
    private static readonly byte[] Row = DataRow("{\"i\":1}");
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private static readonly Dictionary<string, Func<ScriptedConnection, Task>> Stages = new()
    {
        ["accepted"] = _ => Task.CompletedTask,
        ["start-up heard"] = HostileServer.HearStartUpAsync,
        ["authenticated"] = c => c.StartUpAsync(new ScriptedStartUp { Ready = false }),
        ["logged in"] = async c =>
        {
            await c.StartUpAsync();
            await c.ExpectAsync("PDH");
        },
        ["parsed"] = async c =>
        {
            await c.StartUpAsync();
            await c.ExpectAsync("PDH");
            await c.SendAsync(ParseComplete, ParameterDescription());
        },
        ["described"] = HostileServer.StartQueryAsync,
        ["bound"] = c => AfterAsync(c, BindComplete),
        ["row"] = c => AfterAsync(c, BindComplete, Row),
        ["part of a row"] = c => AfterAsync(c, BindComplete, Row, Row[..10]),
        ["part of a header"] = c => AfterAsync(c, BindComplete, Row, Row[..3]),
        ["complete"] = c => AfterAsync(c, BindComplete, Row, CommandComplete("SELECT 1")),
        ["failed"] = c => AfterAsync(c, BindComplete, Row, ErrorResponse("22012", "division by zero")),
    };

    public static TheoryData<string, string> Floods
    {
        get
        {
            var floods = new TheoryData<string, string>();
            foreach (string stage in (string[])["start-up heard", "authenticated", "logged in", "parsed", "described", "bound", "row", "complete", "failed"])
            {
                floods.Add(stage, stage == "start-up heard" ? "notice" : "mixed");
                floods.Add(stage, stage == "start-up heard" ? "negotiation" : "large notice");
                if (stage is "authenticated" or "row" || (TestRun.IsFull && stage != "start-up heard"))
                {
                    floods.Add(stage, "notice");
                    floods.Add(stage, "parameter");
                    floods.Add(stage, "notification");
                }
            }

            return floods;
        }
    }

    [Fact]
    public Task Silence_AtEveryStage_IsATimeout() => AtEveryStageAsync(Stages.Keys, _ => Task.CompletedTask);

    [Fact]
    public async Task Drip_AtEveryStage_ExtendsNoDeadline()
    {
        await AtEveryStageAsync(
            Stages.Keys.Except(["accepted", "part of a row", "part of a header"]), c => HostileServer.DripAsync(c, NoticeResponse("n")));
        await AtEveryStageAsync(["row"], c => HostileServer.DripAsync(c, [.. RawWithLength('D', 10_000), .. new byte[10_000]]));
    }

    [Theory]
    [MemberData(nameof(Floods))]
    public async Task Flood_EndsByTheDeadline(string stage, string flood)
    {
        byte[][] messages = flood switch
        {
            "notice" => [NoticeResponse("n")],
            "large notice" => [NoticeResponse(new string('x', 1_000_000))],
            "parameter" => [ParameterStatus("TimeZone", "UTC"), .. Enumerable.Range(0, 500).Select(i => ParameterStatus($"custom.p{i}", new string('v', 50)))],
            "notification" => [NotificationResponse(1, "channel", "payload")],
            "negotiation" => [NegotiateProtocolVersion(0, "_pq_.a")],
            _ => [NoticeResponse("n"), ParameterStatus("a", "b"), NotificationResponse(1, "c", "p")],
        };
        Outcome outcome = await HostileServer.MeetAsync(async c =>
        {
            await Stages[stage](c);
            await HostileServer.FloodAsync(c, messages);
        });
        AssertTimeout(stage, outcome);
    }

    [Fact]
    public async Task RowsBetweenNotices_AreProgress()
    {
        // Nine tenths of the progress timeout pass before every row, most of them among notices.
        var time = new ManualTimeProvider();
        var options = new JsonRowStreamOptions { ProgressTimeout = TimeSpan.FromSeconds(1), TimeProvider = time };
        JsonRowStream? stream = null;
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await HostileServer.StartQueryAsync(c);
            await c.SendAsync(BindComplete);
            await Wait.UntilAsync(() => stream is not null, Limit, "the stream");
            for (int i = 1; i <= 10; i++)
            {
                time.Advance(TimeSpan.FromSeconds(0.5));
                await c.SendAsync(NoticeResponse("n"));
                time.Advance(TimeSpan.FromSeconds(0.4));
                await c.SendAsync(Row);
                await Wait.UntilAsync(() => stream!.GetStatistics().RowsDelivered == i, Limit, $"row {i}");
            }

            await c.SendAsync(CommandComplete("SELECT 10"), ReadyForQuery());
        });
        await using var source = PostgresDataSource.Create(Outcome.OptionsFor(server));
        await using (stream = await source.StreamAsync(Outcome.Query, options))
        {
            while (await stream.ReadBatchAsync().AsTask().WaitAsync(Limit))
            {
            }

            Assert.Equal(10, stream.GetStatistics().RowsDelivered);
        }
    }

    [Fact]
    public async Task LargeRowThatTrickles_IsProgressBy64Kib()
    {
        // One row of 1 MiB in pieces of 64 KiB, nine tenths of the progress timeout before each.
        byte[] row = DataRow($"\"{new string('x', 1024 * 1024)}\"");
        var time = new ManualTimeProvider();
        var options = new JsonRowStreamOptions { ProgressTimeout = TimeSpan.FromSeconds(1), TimeProvider = time };
        JsonRowStream? stream = null;
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await HostileServer.StartQueryAsync(c);
            await c.SendAsync(BindComplete);
            await Wait.UntilAsync(() => stream is not null, Limit, "the stream");
            long sent = 0;
            foreach (byte[] piece in row.Chunk(64 * 1024))
            {
                time.Advance(TimeSpan.FromSeconds(0.9));
                await c.SendAsync(piece.AsMemory());
                sent += piece.Length;
                await Wait.UntilAsync(() => sent == row.Length || stream!.GetStatistics().BufferedBytes == sent, Limit, $"{sent} bytes");
            }

            await c.SendAsync(CommandComplete("SELECT 1"), ReadyForQuery());
        });
        await using var source = PostgresDataSource.Create(Outcome.OptionsFor(server));
        await using (stream = await source.StreamAsync(Outcome.Query, options))
        {
            while (await stream.ReadBatchAsync().AsTask().WaitAsync(Limit))
            {
            }

            Assert.Equal(1, stream.GetStatistics().RowsDelivered);
        }
    }

    [Theory]
    [InlineData("notice")]
    [InlineData("parameter")]
    [InlineData("notification")]
    public async Task FiniteFlood_CostsLinearTimeAndKeepsNothing(string flood)
    {
        byte[] message = flood switch
        {
            "notice" => NoticeResponse("something the server says"),
            "parameter" => ParameterStatus("custom.parameter", "value"),
            _ => NotificationResponse(1, "channel", "payload"),
        };
        var options = new PostgresOptions { User = "postgres" };
        await TimeAsync(20_000);
        TimeSpan less = await TimeAsync(50_000);
        TimeSpan more = await TimeAsync(400_000);

        // Eight times as many: quadratic cost would be 64 times as long.
        Assert.True(more < (less * 32) + TimeSpan.FromSeconds(1), $"{less} for 50 000, {more} for 400 000");

        async Task<TimeSpan> TimeAsync(int count)
        {
            byte[] many = Join(Enumerable.Repeat(message, count));
            var conversation = new Conversation(
            [
                Join(AuthenticationOk, many, BackendKeyData(1, 1, 2, 3, 4), ReadyForQuery()), Conversation.DescribedJson,
                Join(BindComplete, many, Row, many, CommandComplete("SELECT 1"), ReadyForQuery()),
            ]);
            long before = GC.GetTotalMemory(forceFullCollection: true);
            long started = Stopwatch.GetTimestamp();
            Outcome outcome = await Outcome.ReadAsync(new MemoryServer(conversation.Parts), options);
            TimeSpan took = Stopwatch.GetElapsedTime(started);
            Assert.True(outcome.IsComplete, outcome.Error?.ToString());
            Assert.True(GC.GetTotalMemory(forceFullCollection: true) - before < 4 * 1024 * 1024, "the flood was kept");
            return took;
        }
    }

    // Together, because most of the time goes by in waiting for deadlines.
    private static Task AtEveryStageAsync(IEnumerable<string> stages, Func<ScriptedConnection, Task> then) => Task.WhenAll(stages.Select(async stage =>
        AssertTimeout(stage, await HostileServer.MeetAsync(async c =>
        {
            await Stages[stage](c);
            await then(c);
        }))));

    // The error that came before the silence is what is reported.
    private static void AssertTimeout(string stage, Outcome outcome) =>
        Assert.True(outcome.Kind == (stage == "failed" ? ErrorKind.Server : ErrorKind.Timeout), $"{stage}: {outcome.Error}");

    private static async Task AfterAsync(ScriptedConnection connection, params byte[][] messages)
    {
        await HostileServer.StartQueryAsync(connection);
        await connection.SendAsync(messages);
    }
}
