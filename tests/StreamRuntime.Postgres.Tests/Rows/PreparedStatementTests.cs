using System.Globalization;
using System.Text;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Tests.Transport;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>What goes over the wire when a statement repeats, message for message.</summary>
public sealed class PreparedStatementTests
{
    private const int Process = 4711;
    private const string Sql = "select data from t where i = $1";
    private static readonly byte[] Json = BackendMessages.RowDescription(("data", Conversation.JsonOid));
    private static readonly byte[] Text = BackendMessages.RowDescription(("data", 25));

    [Fact]
    public async Task AfterTheThreshold_ItIsParsedOnce_AndThenOnlyBound()
    {
        var parsed = new List<FrontendMessage>();
        var bound = new List<FrontendMessage>();
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await LogInAsync(c);
            await UnpreparedAsync(c, 2);
            await ProcessAsync(c);
            parsed.AddRange(await c.ExpectAsync("PBDES"));
            await c.SendAsync(BackendMessages.Join(BackendMessages.ParseComplete, BackendMessages.BindComplete, Json, Rows(1)));
            for (int i = 0; i < 3; i++)
            {
                bound.AddRange(await c.ExpectAsync("BES"));
                await c.SendAsync(BackendMessages.Join(BackendMessages.BindComplete, Rows(1)));
            }

            await c.DrainAsync();
        });
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(server) with { PrepareThreshold = 2 });
        for (int i = 0; i < 6; i++)
        {
            Assert.Equal(["{\"i\":0}"], await ReadAsync(source, Sql, i));
        }

        string name = NameOf(parsed[0]);
        Assert.Matches("^streamruntime_[0-9a-f]{32}_1$", name);
        Assert.Equal([.. Zero(name), .. Zero(Sql), 0, 1, 0, 0, 0, 23], parsed[0].Body);
        Assert.Equal(Bind(name, "2"), parsed[1].Body);
        Assert.Equal("P\0"u8.ToArray(), parsed[2].Body);
        Assert.Equal([Bind(name, "3"), Bind(name, "4"), Bind(name, "5")], bound.Where(m => m.Type == 'B').Select(m => m.Body));
        Assert.All(bound.Where(m => m.Type == 'E'), m => Assert.Equal([0, 0, 0, 0, 0], m.Body));
    }

    [Fact]
    public async Task ThresholdOfZero_IsNever()
    {
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await LogInAsync(c);
            await UnpreparedAsync(c, 12);
            await c.DrainAsync();
        });
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(server) with { PrepareThreshold = 0 });
        for (int i = 0; i < 12; i++)
        {
            Assert.Single(await ReadAsync(source, Sql, i));
        }
    }

    [Theory]
    [InlineData("1234")]
    [InlineData(null)]
    public async Task AnotherProcessThanTheLogins_IsNeverGivenAName(string? process)
    {
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await LogInAsync(c);
            await UnpreparedAsync(c, 1);
            await c.ExpectAsync("PBES");
            await c.SendAsync(process is null
                ? BackendMessages.Join(BackendMessages.ErrorResponse("42883", "no such function"), BackendMessages.ReadyForQuery())
                : Answer(process));
            await KnownAsync(c, 8);
            await c.DrainAsync();
        });
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(server) with { PrepareThreshold = 1 });
        for (int i = 0; i < 9; i++)
        {
            Assert.Single(await ReadAsync(source, Sql, i));
        }
    }

    [Theory]
    [InlineData("26000")]
    [InlineData("0A000")]
    [InlineData("42P05")]
    public async Task RefusedBeforeItRan_IsRunFromItsText_InTheSameCall(string sqlState)
    {
        int refusals = 0;
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await LogInAsync(c);
            await UnpreparedAsync(c, 1);
            await ProcessAsync(c);
            await PrepareAsync(c);
            refusals++;
            await c.ExpectAsync("BES");
            await c.SendAsync(BackendMessages.Join(BackendMessages.ErrorResponse(sqlState, "gone"), BackendMessages.ReadyForQuery()));

            // The columns may be others now.
            await c.ExpectAsync("PDH");
            await c.SendAsync(Conversation.Described(Text));
            await c.ExpectAsync("BES");
            await c.SendAsync(BackendMessages.Join(BackendMessages.BindComplete, Rows(2)));

            // What may still be there is closed on the way, which is no error where it is not.
            await c.ExpectAsync("CPBDES");
            await c.SendAsync(BackendMessages.Join(BackendMessages.CloseComplete, BackendMessages.ParseComplete, BackendMessages.BindComplete, Text, Rows(1)));
            await c.DrainAsync();
        });
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(server) with { PrepareThreshold = 1 });
        Assert.Single(await ReadAsync(source, Sql, 0));
        Assert.Single(await ReadAsync(source, Sql, 1));
        Assert.Equal(["{\"data\":\"{\\\"i\\\":0}\"}", "{\"data\":\"{\\\"i\\\":1}\"}"], await ReadAsync(source, Sql, 2));
        Assert.Equal(["{\"data\":\"{\\\"i\\\":0}\"}"], await ReadAsync(source, Sql, 3));
        Assert.Equal(1, refusals);
        Assert.Equal(1, source.GetPoolStatistics().Opened);
    }

    [Theory]
    [InlineData("22P02", 'I', false)]
    [InlineData("26000", 'E', false)]
    [InlineData("26000", 'I', true)]
    public async Task OtherErrors_AFailedTransaction_AndErrorsAfterBinding_AreTheCallers(string sqlState, char status, bool isBound)
    {
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            if (c.Number > 0)
            {
                await c.DrainAsync();
                return;
            }

            await LogInAsync(c);
            await UnpreparedAsync(c, 1);
            await ProcessAsync(c);
            await PrepareAsync(c);
            await c.ExpectAsync("BES");
            await c.SendAsync(BackendMessages.Join(
                isBound ? BackendMessages.BindComplete : [], BackendMessages.ErrorResponse(sqlState, "no"), BackendMessages.ReadyForQuery(status)));
            await c.DrainAsync();
        });
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(server) with { PrepareThreshold = 1 });
        Assert.Single(await ReadAsync(source, Sql, 0));
        Assert.Single(await ReadAsync(source, Sql, 1));

        var refused = await Assert.ThrowsAsync<PostgresServerException>(() => ReadAsync(source, Sql, 2));

        Assert.Equal(sqlState, refused.SqlState);
        Assert.Equal(status == 'I' ? 1 : 0, source.GetPoolStatistics().Total);
    }

    [Fact]
    public async Task BeyondTheMost_TheOneNotRunForLongestIsClosed()
    {
        var closed = new List<string>();
        var names = new List<string>();
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await LogInAsync(c);
            bool isAsked = false;
            for (int query = 0; ; query++)
            {
                IReadOnlyList<FrontendMessage> messages = await ReadUntilAnswerIsDueAsync(c);
                closed.AddRange(messages.Where(m => m.Type == 'C').Select(NameAfterKind));
                names.AddRange(messages.Where(m => m.Type == 'P' && NameOf(m).Length > 0).Select(NameOf));
                if (!isAsked && messages is [{ Type: 'P' } question, ..] && Encoding.UTF8.GetString(question.Body).Contains("pg_backend_pid", StringComparison.Ordinal))
                {
                    isAsked = true;
                    await c.SendAsync(Answer(Process.ToString(CultureInfo.InvariantCulture)));
                    continue;
                }

                await c.SendAsync(BackendMessages.Join(messages.SelectMany(m => (byte[][])(m.Type switch
                {
                    'C' => [BackendMessages.CloseComplete],
                    'P' => [BackendMessages.ParseComplete],
                    'B' => [BackendMessages.BindComplete],
                    'D' when m.Body[0] == 'S' => [BackendMessages.ParameterDescription(), Json],
                    'D' => [Json],
                    'E' => [Rows(1)],
                    _ => [],
                }))));
            }
        });
        await using PostgresDataSource source = PostgresDataSource.Create(OptionsFor(server) with { PrepareThreshold = 1, MaxPreparedStatements = 2 });

        // b is run again before c comes, so a is the one that goes.
        foreach (char sql in "aabbbaabccb")
        {
            Assert.Single(await ReadAsync(source, $"select data from {sql} where i = $1", 1));
        }

        Assert.Equal(3, names.Count);
        Assert.Equal(names[0], Assert.Single(closed));
    }

    private static PostgresOptions OptionsFor(ScriptedServer server) => Outcome.OptionsFor(server);

    private static Task<StartUpMessage> LogInAsync(ScriptedConnection c) => c.StartUpAsync(new ScriptedStartUp { ProcessId = Process });

    /// <summary>Answers a statement's first run, and its further ones from its text.</summary>
    private static async Task UnpreparedAsync(ScriptedConnection c, int runs)
    {
        await c.ExpectAsync("PDH");
        await c.SendAsync(Conversation.Described(Json));
        await c.ExpectAsync("BES");
        await c.SendAsync(BackendMessages.Join(BackendMessages.BindComplete, Rows(1)));
        await KnownAsync(c, runs - 1);
    }

    private static async Task KnownAsync(ScriptedConnection c, int runs)
    {
        for (int i = 0; i < runs; i++)
        {
            IReadOnlyList<FrontendMessage> messages = await c.ExpectAsync("PBDES");
            if (NameOf(messages[0]).Length > 0)
            {
                throw new ScriptException("The statement was given a name.");
            }

            await c.SendAsync(BackendMessages.Join(BackendMessages.ParseComplete, BackendMessages.BindComplete, Json, Rows(1)));
        }
    }

    private static async Task PrepareAsync(ScriptedConnection c)
    {
        await c.ExpectAsync("PBDES");
        await c.SendAsync(BackendMessages.Join(BackendMessages.ParseComplete, BackendMessages.BindComplete, Json, Rows(1)));
    }

    private static async Task ProcessAsync(ScriptedConnection c)
    {
        IReadOnlyList<FrontendMessage> question = await c.ExpectAsync("PBES");
        if (!question[0].Body.AsSpan().SequenceEqual("\0select pg_catalog.pg_backend_pid()\0\0\0"u8))
        {
            throw new ScriptException($"Another question: {question[0]}");
        }

        await c.SendAsync(Answer(Process.ToString(CultureInfo.InvariantCulture)));
    }

    private static byte[] Answer(string process) => BackendMessages.Join(
        BackendMessages.ParseComplete, BackendMessages.BindComplete, BackendMessages.DataRow(process), BackendMessages.CommandComplete("SELECT 1"), BackendMessages.ReadyForQuery());

    private static byte[] Rows(int count) => BackendMessages.Join(
    [
        .. Enumerable.Range(0, count).Select(i => BackendMessages.DataRow($"{{\"i\":{i}}}")),
        BackendMessages.CommandComplete($"SELECT {count}"),
        BackendMessages.ReadyForQuery(),
    ]);

    private static async Task<IReadOnlyList<FrontendMessage>> ReadUntilAnswerIsDueAsync(ScriptedConnection c)
    {
        var messages = new List<FrontendMessage>();
        while (messages is not [.., { Type: 'S' or 'H' }])
        {
            messages.Add(await c.ReadMessageAsync() is { Type: not 'X' } message ? message : throw new EndOfStreamException());
        }

        return messages;
    }

    private static string NameOf(FrontendMessage parse) => Encoding.UTF8.GetString(parse.Body.AsSpan(0, parse.Body.AsSpan().IndexOf((byte)0)));

    private static string NameAfterKind(FrontendMessage close) => Encoding.UTF8.GetString(close.Body.AsSpan(1, close.Body.Length - 2));

    private static byte[] Zero(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    private static byte[] Bind(string name, string value) => [0, .. Zero(name), 0, 0, 0, 1, 0, 0, 0, (byte)value.Length, .. Encoding.UTF8.GetBytes(value), 0, 0];

    private static async Task<List<string>> ReadAsync(PostgresDataSource source, string sql, int value)
    {
        var rows = new List<string>();
        await using JsonRowStream stream = await source.StreamAsync(new PostgresQuery(sql, PostgresParameter.From(value)));
        await foreach (JsonRow row in stream)
        {
            rows.Add(row.ToString());
        }

        return rows;
    }
}
