using System.Text;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.Postgres.Tests.Transport;

/// <summary>What goes over the wire between two queries, and what becomes of the second when that goes wrong.</summary>
public sealed class SessionResetTests
{
    private const string Read = "select data from t";
    private const string Write = "insert into t values (1) returning data";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly byte[] Json = BackendMessages.RowDescription(("data", Conversation.JsonOid));
    private static readonly byte[] Discarded = BackendMessages.Join(BackendMessages.ParseComplete, BackendMessages.BindComplete, BackendMessages.CommandComplete("DISCARD ALL"));
    private static readonly byte[] Known = BackendMessages.Join(BackendMessages.ParseComplete, BackendMessages.BindComplete, Json, Rows);

    public enum Mishap
    {
        Refused,
        Goodbye,
        Cut,
        CutBehindTheReset,
    }

    private static byte[] Rows => BackendMessages.Join(BackendMessages.DataRow("{\"i\":1}"), BackendMessages.CommandComplete("SELECT 1"), BackendMessages.ReadyForQuery());

    [Fact]
    public async Task AfterARead_TheResetGoesOutWithTheNextQuery_AndAnythingElseIsResetAtItsReturn()
    {
        var resets = new List<string>();
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await FirstReadAsync(c);

            // From then on ahead of the next query, whatever that is, and without a Sync in between.
            resets.Add(TextOf(await c.ExpectAsync("PBEPDH")));
            await SendInPiecesAsync(c, BackendMessages.Join(Discarded, Conversation.DescribedJson));
            await c.ExpectAsync("BES");
            await c.SendAsync(BackendMessages.Join(BackendMessages.BindComplete, Rows));

            // That one may have left something.
            resets.Add(TextOf(await c.ExpectAsync("PBES")));
            await c.SendAsync(BackendMessages.Join(Discarded, BackendMessages.ReadyForQuery()));
            await c.ExpectAsync("PBDES");
            await c.SendAsync(Known);
            resets.Add(TextOf(await c.ExpectAsync("PBEPBDES")));
            await SendInPiecesAsync(c, BackendMessages.Join(Discarded, Known));
            await c.DrainAsync();
        });
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(server));
        foreach (string sql in (string[])[Read, Read, Write, Read, Read])
        {
            Assert.Equal(1, await CountAsync(source, sql));
        }

        Assert.Equal(["\0DISCARD ALL\0\0\0", "\0DISCARD ALL\0\0\0", "\0DISCARD ALL\0\0\0"], resets);
        Assert.Equal(1, source.GetPoolStatistics().Opened);
    }

    [Fact]
    public async Task NotDeferred_EveryResetGoesOutByItself()
    {
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await FirstReadAsync(c);
            await c.ExpectAsync("PBES");
            await c.SendAsync(BackendMessages.Join(Discarded, BackendMessages.ReadyForQuery()));
            await c.DrainAsync();
        });
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(server) with { DefersSessionResets = false });
        Assert.Equal(1, await CountAsync(source, Read));
        Assert.Equal(1, await CountAsync(source, Read));
        Assert.Equal(1, source.GetPoolStatistics().Idle);
    }

    [Theory]
    [InlineData(Mishap.Refused, Read, true)]
    [InlineData(Mishap.Refused, Write, true)]
    [InlineData(Mishap.Goodbye, Write, true)]
    [InlineData(Mishap.Cut, Read, false)]
    [InlineData(Mishap.Cut, Write, false)]
    [InlineData(Mishap.CutBehindTheReset, Write, false)]
    public async Task ResetThatFails_LetsTheQueryRunElsewhere_OnlyWhereTheServerHasSaidSo(Mishap mishap, string sql, bool survives)
    {
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            if (c.Number > 0)
            {
                await c.StartUpAsync();
                await c.ExpectAsync("PBDES");
                await c.SendAsync(Known);
                await c.DrainAsync();
                return;
            }

            await c.StartUpAsync();
            foreach (string each in (string[])[Write, Read])
            {
                await c.ExpectAsync("PDH");
                await c.SendAsync(Conversation.DescribedJson);
                await c.ExpectAsync("BES");
                await c.SendAsync(BackendMessages.Join(BackendMessages.BindComplete, Rows));
                if (each == Write)
                {
                    await c.ExpectAsync("PBES");
                    await c.SendAsync(BackendMessages.Join(Discarded, BackendMessages.ReadyForQuery()));
                }
            }

            await c.ExpectAsync("PBEPBDES");
            await c.SendAsync(mishap switch
            {
                Mishap.Refused => BackendMessages.Join(BackendMessages.ErrorResponse("42501", "permission denied"), BackendMessages.ReadyForQuery()),
                Mishap.Goodbye => BackendMessages.ErrorResponse("57P01", "terminating connection due to administrator command", "FATAL"),
                Mishap.CutBehindTheReset => Discarded,
                _ => [],
            });
        });
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(server));
        Assert.Equal(1, await CountAsync(source, Write));
        Assert.Equal(1, await CountAsync(source, Read));
        if (survives)
        {
            Assert.Equal(1, await CountAsync(source, sql));
            Assert.Equal(2, server.Connections.Count);
        }
        else
        {
            Assert.Equal(ErrorKind.ConnectionLost, (await Assert.ThrowsAsync<StreamRuntimeException>(() => CountAsync(source, sql))).Kind);
            Assert.Single(server.Connections);
            Assert.Equal(0, source.GetPoolStatistics().Total);
        }
    }

    [Fact]
    public async Task CancelBetweenAResetAndItsQuery_IsRepeated_UntilTheQueryHasEnded()
    {
        var time = new ManualTimeProvider();
        var sent = new TaskCompletionSource();
        ScriptedServer? listener = null;
        await using ScriptedServer server = listener = ScriptedServer.Start(async c =>
        {
            if (c.Number > 0)
            {
                // A cancel request; a server closes that connection when it has passed the signal on.
                await c.StartUpAsync();
            }

            await FirstReadAsync(c);
            await c.ExpectAsync("PBEPBDES");
            sent.SetResult();
            await Wait.UntilAsync(() => listener!.CancelRequests.Count == 1, Limit, "the first cancel request");

            // It came while nothing ran: the reset ends, and the query behind it begins as if nobody had asked.
            await c.SendAsync(BackendMessages.Join(Discarded, BackendMessages.ParseComplete, BackendMessages.BindComplete, Json, BackendMessages.DataRow("{\"i\":1}")));
            await Wait.UntilAsync(() => listener!.CancelRequests.Count == 2, Limit, "the second cancel request");
            await c.SendAsync(BackendMessages.Join(BackendMessages.ErrorResponse("57014", "canceling statement due to user request"), BackendMessages.ReadyForQuery()));
            await c.DrainAsync();
        });
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(server) with { TimeProvider = time });
        Assert.Equal(1, await CountAsync(source, Read));
        Assert.Equal(1, await CountAsync(source, Read));
        using var cancellation = new CancellationTokenSource();
        Task<JsonRowStream> query = source.StreamAsync(new PostgresQuery(Read), cancellationToken: cancellation.Token).AsTask();
        await sent.Task.WaitAsync(Limit);
        await cancellation.CancelAsync();
        await Wait.UntilAsync(() => server.CancelRequests.Count == 1, Limit, "the first cancel request");
        await Wait.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(10));
                return query.IsCompleted;
            },
            Limit,
            "the end of the query");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => query);
        Assert.Equal(2, server.CancelRequests.Count);
        Assert.Equal(0, source.GetPoolStatistics().Leased);
    }

    [Theory]
    [InlineData("ZZ")]
    [InlineData("CC")]
    [InlineData("T")]
    [InlineData("DCD")]
    public async Task AnswersThatAreNone_AreRefused(string answers)
    {
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await FirstReadAsync(c);
            await c.ExpectAsync("PBEPBDES");
            await c.SendAsync(BackendMessages.Join(answers.Select(a => a switch
            {
                'Z' => BackendMessages.ReadyForQuery(),
                'C' => BackendMessages.CommandComplete("DISCARD ALL"),
                'D' => BackendMessages.DataRow("{\"forged\":1}"),
                _ => Json,
            })));
            await c.SendAsync(Known);
            await c.DrainAsync();
        });
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(server));
        Assert.Equal(1, await CountAsync(source, Read));
        Assert.Equal(1, await CountAsync(source, Read));
        Assert.Equal(ErrorKind.Protocol, (await Assert.ThrowsAsync<StreamRuntimeException>(() => CountAsync(source, Read))).Kind);
        Assert.Equal(0, source.GetPoolStatistics().Total);
    }

    /// <summary>Two runs of one read: the first reset goes out by itself, so that a pooler shows.</summary>
    private static async Task FirstReadAsync(ScriptedConnection c)
    {
        await c.StartUpAsync();
        await c.ExpectAsync("PDH");
        await c.SendAsync(Conversation.DescribedJson);
        await c.ExpectAsync("BES");
        await c.SendAsync(BackendMessages.Join(BackendMessages.BindComplete, Rows));
        await c.ExpectAsync("PBES");
        await c.SendAsync(BackendMessages.Join(Discarded, BackendMessages.ReadyForQuery()));
        await c.ExpectAsync("PBDES");
        await c.SendAsync(Known);
    }

    private static async Task SendInPiecesAsync(ScriptedConnection c, byte[] bytes)
    {
        foreach (byte[] piece in bytes.Chunk(3))
        {
            await c.SendAsync(piece);
        }
    }

    private static string TextOf(IReadOnlyList<FrontendMessage> messages) => Encoding.UTF8.GetString(messages[0].Body);

    private static PostgresOptions OptionsFor(ScriptedServer server) => Outcome.OptionsFor(server) with { ResetsSessions = true, PrepareThreshold = 0 };

    private static async Task<int> CountAsync(PostgresDataSource source, string sql)
    {
        int rows = 0;
        await using JsonRowStream stream = await source.StreamAsync(new PostgresQuery(sql));
        while (await stream.ReadBatchAsync())
        {
            rows += stream.CurrentBatch.Count;
        }

        return rows;
    }
}
