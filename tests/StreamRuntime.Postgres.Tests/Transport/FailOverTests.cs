using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Transport;

/// <summary>Several servers, the first of which goes at the wrong moment.</summary>
public sealed class FailOverTests
{
    private const string Read = "select data from t";
    private const string Write = "insert into t values (1) returning data";

    public enum Loss
    {
        BeforeItIsDescribed,
        WithAGoodbyeBeforeItIsDescribed,
        WhenItIsRun,
        WithAGoodbyeWhenItIsRun,
        AfterItIsBound,
        InsideTheFirstRow,
    }

    [Theory]
    [InlineData(Loss.BeforeItIsDescribed, Read, true)]
    [InlineData(Loss.BeforeItIsDescribed, Write, true)]
    [InlineData(Loss.WithAGoodbyeBeforeItIsDescribed, Write, true)]
    [InlineData(Loss.WhenItIsRun, Read, true)]
    [InlineData(Loss.WhenItIsRun, Write, false)]
    [InlineData(Loss.WithAGoodbyeWhenItIsRun, Read, true)]
    [InlineData(Loss.WithAGoodbyeWhenItIsRun, Write, false)]
    [InlineData(Loss.AfterItIsBound, Read, true)]
    [InlineData(Loss.AfterItIsBound, Write, false)]
    [InlineData(Loss.InsideTheFirstRow, Read, true)]
    [InlineData(Loss.InsideTheFirstRow, Write, false)]
    public async Task ServerLost_BeforeTheFirstRow_IsRunOnTheNextWhereNothingCanHappenTwice(Loss loss, string sql, bool survives)
    {
        await using ScriptedServer first = ScriptedServer.Start(c => LoseAsync(c, loss));
        await using ScriptedServer second = ServerOf(3);
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(first, second));

        if (survives)
        {
            Assert.Equal(3, await CountAsync(source, sql));
            Assert.Single(first.Connections);

            // For a while, nobody is sent there.
            Assert.Equal(1, source.GetPoolStatistics().Idle);
        }
        else
        {
            var lost = await Assert.ThrowsAnyAsync<StreamRuntimeException>(() => CountAsync(source, sql));
            Assert.True(PostgresDataSource.IsLoss(lost), lost.Message);
            Assert.Empty(second.Connections);
        }
    }

    [Fact]
    public async Task ServerLost_AfterTheFirstRow_IsTheCallers_WhoHasIt()
    {
        await using ScriptedServer first = ScriptedServer.Start(async c =>
        {
            await c.StartUpAsync();
            byte[] bound = await DescribeAndBindAsync(c);
            await c.SendAsync(BackendMessages.Join(bound, BackendMessages.DataRow("{\"i\":1}")));
        });
        await using ScriptedServer second = ServerOf(3);
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(first, second));
        await using JsonRowStream stream = await source.StreamAsync(new PostgresQuery(Read));
        Assert.True(await stream.ReadBatchAsync());
        Assert.Equal(1, stream.CurrentBatch.Count);

        var lost = await Assert.ThrowsAsync<StreamRuntimeException>(async () => await stream.ReadBatchAsync());
        Assert.Equal(ErrorKind.ConnectionLost, lost.Kind);
        Assert.Empty(second.Connections);
    }

    [Fact]
    public async Task NotAskedFor_AReadThatWasSent_IsNotRunAgain()
    {
        await using ScriptedServer first = ScriptedServer.Start(c => LoseAsync(c, Loss.WhenItIsRun));
        await using ScriptedServer second = ServerOf(3);
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(first, second) with { RunsReadsAgain = false });
        Assert.Equal(ErrorKind.ConnectionLost, (await Assert.ThrowsAsync<StreamRuntimeException>(() => CountAsync(source, Read))).Kind);
        Assert.Empty(second.Connections);
    }

    [Theory]
    [InlineData(Loss.BeforeItIsDescribed)]
    [InlineData(Loss.WhenItIsRun)]
    public async Task EveryServerLost_IsAnErrorAfterOneRunOnEach(Loss loss)
    {
        await using ScriptedServer first = ScriptedServer.Start(c => LoseAsync(c, loss));
        await using ScriptedServer second = ScriptedServer.Start(c => LoseAsync(c, loss));
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(first, second));
        Assert.Equal(ErrorKind.ConnectionLost, (await Assert.ThrowsAsync<StreamRuntimeException>(() => CountAsync(source, Read))).Kind);
        Assert.Equal((1, 1), (first.Connections.Count, second.Connections.Count));
        Assert.Equal(0, source.GetPoolStatistics().Total);
    }

    [Theory]
    [InlineData("on", true)]
    [InlineData("off", false)]
    public async Task BackslashThatEndsNoString_HidesNoCall(string standardStrings, bool isRead)
    {
        await using ScriptedServer first = ScriptedServer.Start(async c =>
        {
            await c.StartUpAsync(new ScriptedStartUp { Parameters = [("client_encoding", "UTF8"), ("DateStyle", "ISO, MDY"), ("standard_conforming_strings", standardStrings)] });
            await DescribeAndBindAsync(c);
        });
        await using ScriptedServer second = ServerOf(3);
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(first, second));

        // With backslashes as escapes the first string ends before the bars, and write() is called.
        const string Sql = @"select data from t where a = 'it\'' || write('' || '\'')";
        if (isRead)
        {
            Assert.Equal(3, await CountAsync(source, Sql));
        }
        else
        {
            await Assert.ThrowsAsync<StreamRuntimeException>(() => CountAsync(source, Sql));
            Assert.Empty(second.Connections);
        }
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task IdleConnectionThatNobodyUsedYet_IsReplacedWhenItHasGone_ButNotForEver(int gone, bool survives)
    {
        var letIn = new TaskCompletionSource();
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await letIn.Task;
            await c.StartUpAsync();
            if (c.Number >= gone)
            {
                await DescribeAndBindAsync(c);
                byte[] result = Conversation.Json(3).Parts[^1];
                await c.SendAsync(result);
                await c.DrainAsync();
            }
        });
        await using PostgresDataSource source = PostgresDataSource.Create(Outcome.OptionsFor(server) with { Pool = new() { UsableWithoutLook = TimeSpan.FromHours(1) } });
        using var impatience = new CancellationTokenSource();
        Task<JsonRowStream> given = source.StreamAsync(new PostgresQuery(Read), cancellationToken: impatience.Token).AsTask();
        await Wait.UntilAsync(() => source.GetPoolStatistics().Waiting == 1, TimeSpan.FromSeconds(20), "a connection is asked for");
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        letIn.SetResult();
        await Wait.UntilAsync(() => source.GetPoolStatistics().Idle == 1, TimeSpan.FromSeconds(20), "it is kept for the next");

        if (survives)
        {
            Assert.Equal(3, await CountAsync(source, Read));
        }
        else
        {
            Assert.Equal(ErrorKind.ConnectionLost, (await Assert.ThrowsAsync<StreamRuntimeException>(() => CountAsync(source, Read))).Kind);
        }

        Assert.Equal(2, server.Connections.Count);
    }

    private static async Task LoseAsync(ScriptedConnection c, Loss loss)
    {
        byte[] goodbye = BackendMessages.ErrorResponse("57P01", "terminating connection due to administrator command", "FATAL");
        await c.StartUpAsync();
        if (loss is Loss.BeforeItIsDescribed or Loss.WithAGoodbyeBeforeItIsDescribed)
        {
            await c.ExpectAsync("PDH");
            await c.SendAsync(loss == Loss.BeforeItIsDescribed ? [] : goodbye);
            return;
        }

        byte[] bound = await DescribeAndBindAsync(c);
        await c.SendAsync(loss switch
        {
            Loss.AfterItIsBound => bound,
            Loss.WithAGoodbyeWhenItIsRun => goodbye,
            Loss.InsideTheFirstRow => BackendMessages.Join(bound, BackendMessages.DataRow("{\"i\":1}")[..^2]),
            _ => [],
        });
    }

    /// <summary>Reads a query up to its Sync, and describes it on the way where it is asked to; gives the answer that is then due ahead of the rows.</summary>
    private static async Task<byte[]> DescribeAndBindAsync(ScriptedConnection c)
    {
        byte[] json = BackendMessages.RowDescription(("data", Conversation.JsonOid));
        await c.ExpectAsync("P");
        if (await c.ReadMessageAsync() is { Type: 'D' })
        {
            await c.ExpectAsync("H");
            await c.SendAsync(Conversation.DescribedJson);
            await c.ExpectAsync("BES");
            return BackendMessages.BindComplete;
        }

        // Known from the server that was lost, so everything comes at once.
        await c.ExpectAsync("DES");
        return BackendMessages.Join(BackendMessages.ParseComplete, BackendMessages.BindComplete, json);
    }

    private static ScriptedServer ServerOf(int rows) => ScriptedServer.Start(async c =>
    {
        await c.StartUpAsync();
        byte[] bound = await DescribeAndBindAsync(c);
        byte[] result = Conversation.Json(rows).Parts[^1];
        await c.SendAsync(BackendMessages.Join(bound, result[BackendMessages.BindComplete.Length..]));
        await c.DrainAsync();
    });

    private static PostgresOptions OptionsFor(params ScriptedServer[] servers) => Outcome.OptionsFor(servers[0]) with
    {
        Endpoints = [.. servers.SelectMany(s => Outcome.OptionsFor(s).Endpoints)],
        RunsReadsAgain = true,
    };

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
