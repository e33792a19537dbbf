using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Tests.Transport;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;
using StreamRuntime.TestKit.Timing;
using static StreamRuntime.TestKit.Servers.BackendMessages;

namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>The progress and total deadlines over a real socket, on a clock that only the test moves.</summary>
public sealed class DeadlineTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly byte[] Row = DataRow("{\"i\":1}");
    private readonly ManualTimeProvider _time = new();

    // Lets the server go on by one turn.
    private readonly SemaphoreSlim _turn = new(0);

    public void Dispose() => _turn.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SilentServer_Expires_AndTheQueryIsCancelled(bool byTotal)
    {
        await using ScriptedServer server = ScriptedServer.Start(c => AnswerAsync(c, c => c.SendAsync(BindComplete, Row)));
        await using PostgresDataSource source = PostgresDataSource.Create(Outcome.OptionsFor(server));
        TimeSpan deadline = TimeSpan.FromSeconds(5);
        await using JsonRowStream stream = await source.StreamAsync(Outcome.Query, new JsonRowStreamOptions
        {
            TimeProvider = _time, ProgressTimeout = byTotal ? Timeout.InfiniteTimeSpan : deadline, TotalTimeout = byTotal ? deadline : Timeout.InfiniteTimeSpan,
        });
        Assert.True(await stream.ReadBatchAsync());
        Task<bool> pending = stream.ReadBatchAsync().AsTask();
        await AdvanceAsync(TimeSpan.FromSeconds(4.9), stream);
        Assert.False(pending.IsCompleted);
        await AdvanceAsync(TimeSpan.FromSeconds(0.2), stream);
        StreamRuntimeException failure = await Assert.ThrowsAsync<StreamRuntimeException>(() => pending.WaitAsync(Limit));
        Assert.Equal(ErrorKind.Timeout, failure.Kind);
        Assert.Contains(byTotal ? "TotalTimeout" : "ProgressTimeout", failure.Message, StringComparison.Ordinal);
        Assert.Equal(StreamState.Error, stream.State);
        Assert.NotEmpty(server.CancelRequests);
        Assert.All(server.CancelRequests, cancel => Assert.Equal([1, 2, 3, 4], cancel.Secret));
    }

    [Fact]
    public async Task TotalDeadline_CountsOnlyWaiting_OverManyRows()
    {
        await using ScriptedServer server = ScriptedServer.Start(c => AnswerAsync(c, async c =>
        {
            await c.SendAsync(BindComplete);
            for (int i = 0; i < 3; i++)
            {
                await TurnAsync();
                await c.SendAsync(Row);
            }
        }));
        await using PostgresDataSource source = PostgresDataSource.Create(Outcome.OptionsFor(server));
        await using JsonRowStream stream = await source.StreamAsync(
            Outcome.Query, new JsonRowStreamOptions { TimeProvider = _time, ProgressTimeout = TimeSpan.FromSeconds(5), TotalTimeout = TimeSpan.FromSeconds(10) });
        Task<bool> read;
        for (int i = 0; i < 3; i++)
        {
            read = stream.ReadBatchAsync().AsTask();
            await AdvanceAsync(TimeSpan.FromSeconds(3), stream);
            _turn.Release();
            Assert.True(await read.WaitAsync(Limit));

            // The consumer takes an hour over each row.
            _time.Advance(TimeSpan.FromHours(1));
        }

        StreamStatistics statistics = stream.GetStatistics();
        Assert.Equal(TimeSpan.FromSeconds(9), statistics.WaitingTime);
        Assert.Equal(TimeSpan.FromHours(3), statistics.ConsumerTime);
        Assert.Equal(TimeSpan.Zero, statistics.PausedTime);
        read = stream.ReadBatchAsync().AsTask();
        await AdvanceAsync(TimeSpan.FromSeconds(1.1), stream);
        StreamRuntimeException failure = await Assert.ThrowsAsync<StreamRuntimeException>(() => read.WaitAsync(Limit));
        Assert.Contains("TotalTimeout", failure.Message, StringComparison.Ordinal);
        Assert.NotEmpty(server.CancelRequests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Paused_NeitherDeadlineRuns(bool inPendingRead)
    {
        await using ScriptedServer server = ScriptedServer.Start(c => AnswerAsync(c, async c =>
        {
            await c.SendAsync(BindComplete, Row);
            await TurnAsync();
            await c.SendAsync(Row, CommandComplete("SELECT 2"), ReadyForQuery());
        }));
        await using PostgresDataSource source = PostgresDataSource.Create(Outcome.OptionsFor(server));
        await using JsonRowStream stream = await source.StreamAsync(
            Outcome.Query, new JsonRowStreamOptions { TimeProvider = _time, ProgressTimeout = TimeSpan.FromSeconds(5), TotalTimeout = TimeSpan.FromSeconds(10) });
        Assert.True(await stream.ReadBatchAsync());
        Task<bool> read;
        if (inPendingRead)
        {
            read = stream.ReadBatchAsync().AsTask();
            await AdvanceAsync(TimeSpan.FromSeconds(2), stream);
            await stream.PauseAsync();
        }
        else
        {
            await stream.PauseAsync();
            read = stream.ReadBatchAsync().AsTask();
        }

        _time.Advance(TimeSpan.FromHours(1));
        await stream.ResumeAsync();
        _turn.Release();
        Assert.True(await read.WaitAsync(Limit));
        Assert.False(await stream.ReadBatchAsync().AsTask().WaitAsync(Limit));
        StreamStatistics statistics = stream.GetStatistics();
        Assert.Equal(TimeSpan.FromHours(1), statistics.PausedTime);
        Assert.Equal(TimeSpan.FromSeconds(inPendingRead ? 2 : 0), statistics.WaitingTime);
        Assert.Equal(TimeSpan.Zero, statistics.ConsumerTime);
        Assert.Empty(server.CancelRequests);
    }

    [Fact]
    public async Task EveryRowFilteredOut_IsProgressAllTheSame()
    {
        await using ScriptedServer server = ScriptedServer.Start(c => AnswerAsync(c, async c =>
        {
            await c.SendAsync(BindComplete);
            for (int i = 0; i < 5; i++)
            {
                await TurnAsync();
                await c.SendAsync(Row);
            }

            await c.SendAsync(CommandComplete("SELECT 5"), ReadyForQuery());
        }));
        await using PostgresDataSource source = PostgresDataSource.Create(Outcome.OptionsFor(server));
        await using JsonRowStream stream = await source.StreamAsync(
            Outcome.Query, new JsonRowStreamOptions { TimeProvider = _time, ProgressTimeout = TimeSpan.FromSeconds(5), Where = static _ => false });
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        for (int i = 1; i <= 5 && !read.IsCompleted; i++)
        {
            await AdvanceAsync(TimeSpan.FromSeconds(4), stream);
            _turn.Release();
            await Wait.UntilAsync(() => stream.GetStatistics().RowsFiltered == i || read.IsCompleted, Limit, $"row {i}");
        }

        Assert.False(await read.WaitAsync(Limit));
        Assert.Equal(5, stream.GetStatistics().RowsFiltered);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SilenceAtTheStart_ExpiresByTheShorterDeadline_AndIsCancelled(bool totalIsShorter)
    {
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await c.StartUpAsync();
            await c.DrainAsync();
        });
        await using PostgresDataSource source = PostgresDataSource.Create(Outcome.OptionsFor(server));
        TimeSpan shorter = TimeSpan.FromMilliseconds(200);
        TimeSpan longer = TimeSpan.FromHours(1);
        Task<JsonRowStream> start = source.StreamAsync(Outcome.Query, new JsonRowStreamOptions
        {
            ProgressTimeout = totalIsShorter ? longer : shorter, TotalTimeout = totalIsShorter ? shorter : longer,
        }).AsTask();
        StreamRuntimeException failure = await Assert.ThrowsAsync<StreamRuntimeException>(() => start.WaitAsync(Limit));
        Assert.Equal(ErrorKind.Timeout, failure.Kind);
        Assert.Contains(totalIsShorter ? "TotalTimeout" : "ProgressTimeout", failure.Message, StringComparison.Ordinal);
        Assert.NotEmpty(server.CancelRequests);
    }

    // A test that has failed lets no script wait for its turn for long.
    private async Task TurnAsync() => Assert.True(await _turn.WaitAsync(Limit / 4));

    // The read must be waiting before time goes by, or the time counts as the consumer's.
    private async Task AdvanceAsync(TimeSpan by, JsonRowStream stream)
    {
        TimeSpan before = stream.GetStatistics().WaitingTime;
        await Wait.UntilAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromTicks(1));
                return stream.State != StreamState.Running || stream.GetStatistics().WaitingTime > before;
            },
            Limit,
            "the read waits");
        TimeSpan waited = stream.GetStatistics().WaitingTime - before;
        _time.Advance(by - waited);
    }

    private static async Task AnswerAsync(ScriptedConnection connection, Func<ScriptedConnection, Task> answer)
    {
        await connection.StartUpAsync();
        await connection.ExpectAsync("PDH");
        await connection.SendAsync(Conversation.DescribedJson);
        await connection.ExpectAsync("BES");
        await answer(connection);
        await connection.DrainAsync();
    }
}
