using System.Text;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.ParallelReads;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Tests.Transport;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Hostile;

/// <summary>Servers that go wrong while several of their backends are read at the same time.</summary>
public sealed class ParallelTests
{
    private static readonly TimeSpan NoHang = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task OrderlyServer_GivesTheRowsOfAllBackends()
    {
        (List<string> rows, Exception? error) = await MeetAsync(new Script());
        Assert.Null(error);
        Assert.Equal(Script.Partitions * Script.Rows, rows.Count);
    }

    [Theory]
    [InlineData("0'; drop table t; --")]
    [InlineData("")]
    [InlineData(null)]
    public async Task SnapshotsName_ThatIsNone_BecomesNoSql(string? name)
    {
        var script = new Script { Snapshot = name };
        Assert.Equal(ErrorKind.Protocol, (await MeetAsync(script)).Kind());
        Assert.DoesNotContain(script.Heard, sql => sql.Contains("set transaction snapshot", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData(null)]
    [InlineData("""{"version":"x","kind":"r","pages":[]}""")]
    [InlineData("""{"version":150000,"kind":"r","pages":[-1]}""")]
    [InlineData("""{"version":150000,"kind":"r","pages":[1e300]}""")]
    public async Task SizesOfTheTable_ThatAreNone_AreAProtocolError(string? sizes) =>
        Assert.Equal(ErrorKind.Protocol, (await MeetAsync(new Script { Sizes = sizes })).Kind());

    [Theory]
    [InlineData("""{"version":130000,"kind":"r","pages":[1000]}""", "14")]
    [InlineData("""{"version":150000,"kind":"v","pages":[]}""", "view")]
    [InlineData("""{"version":150000,"kind":null,"pages":[]}""", "view")]
    public async Task TableThatCantBeCut_IsRefusedWithTheRemedy(string sizes, string word)
    {
        (_, Exception? error) = await MeetAsync(new Script { Sizes = sizes });
        var refused = Assert.IsType<StreamRuntimeException>(error);
        Assert.Equal(ErrorKind.Configuration, refused.Kind);
        Assert.Contains(word, refused.Message, StringComparison.Ordinal);
        Assert.Contains("key", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BackendThatIsCut_EndsAll() =>
        Assert.Equal(ErrorKind.ConnectionLost, (await MeetAsync(new Script { Second = c => { c.Cut(CutKind.Reset); return Task.CompletedTask; } })).Kind());

    [Fact]
    public async Task BackendThatTalksNonsense_EndsAll() =>
        Assert.Equal(ErrorKind.Protocol, (await MeetAsync(new Script { Second = c => c.SendAsync(BackendMessages.Raw('?', 1, 2, 3)) })).Kind());

    [Fact]
    public async Task BackendThatFallsSilent_MeetsTheDeadlineAfterTheOthersRows()
    {
        (List<string> rows, Exception? error) = await MeetAsync(new Script { Second = _ => Task.CompletedTask });
        Assert.Equal(ErrorKind.Timeout, Assert.IsType<StreamRuntimeException>(error).Kind);
        Assert.Equal((Script.Partitions - 1) * Script.Rows, rows.Count);
    }

    [Fact]
    public async Task BackendThatRefusesTheSnapshot_EndsTheStart()
    {
        (_, Exception? error) = await MeetAsync(new Script { IsImportRefused = true });
        var refused = Assert.IsType<StreamRuntimeException>(error);
        Assert.Equal((ErrorKind.Configuration, true), (refused.Kind, refused.Message.Contains("balancer", StringComparison.Ordinal)));
    }

    private static async Task<(List<string> Rows, Exception? Error)> MeetAsync(Script script)
    {
        int over = 0;
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            try
            {
                await script.PlayAsync(c);
            }
            catch (Exception left) when (left is ScriptException or IOException)
            {
                // The client left in the middle of what the script had in mind.
                return;
            }
            finally
            {
                Interlocked.Increment(ref over);
            }
        });
        List<string> rows = [];
        Exception? error = null;
        await using (PostgresDataSource source = PostgresDataSource.Create(Outcome.OptionsFor(server) with { CancelTimeout = TimeSpan.FromMilliseconds(200) }))
        {
            try
            {
                await ReadAsync(source, rows).WaitAsync(NoHang);
            }
            catch (StreamRuntimeException failure)
            {
                error = failure;
            }

            Assert.Equal(0, source.GetPoolStatistics().Leased);
        }

        await Wait.UntilAsync(() => Volatile.Read(ref over) == server.Connections.Count, NoHang, "the client closes its connections");
        return (rows, error);
    }

    private static async Task ReadAsync(PostgresDataSource source, List<string> rows)
    {
        await using ParallelRows read = await source.StreamInParallelAsync(
            PostgresQuery.FromTable("t", "data"), new ParallelReadOptions { Partitions = Script.Partitions }, HostileServer.StreamOptions with { ProgressTimeout = TimeSpan.FromSeconds(1) });
        while (await read.Rows.ReadBatchAsync())
        {
            foreach (JsonRow row in read.Rows.CurrentBatch)
            {
                rows.Add(row.ToString());
            }
        }
    }

    /// <summary>A server with one table of JSON, which does one thing wrong.</summary>
    private sealed class Script
    {
        public const int Partitions = 5;
        public const int Rows = 100;

        private static readonly byte[] Rows1 = BackendMessages.Join(Enumerable.Range(0, Rows).Select(i => BackendMessages.DataRow($"{{\"i\":{i}}}")));

        private readonly List<string> _heard = [];

        public string? Snapshot { get; init; } = "00000003-0000001B-1";

        public string? Sizes { get; init; } = """{"version":150000,"kind":"r","pages":[1000]}""";

        public bool IsImportRefused { get; init; }

        /// <summary>What the second connection says in its first partition after its first rows; null for the rest of them.</summary>
        public Func<ScriptedConnection, Task>? Second { get; init; }

        public IReadOnlyList<string> Heard
        {
            get
            {
                lock (_heard)
                {
                    return [.. _heard];
                }
            }
        }

        public async Task PlayAsync(ScriptedConnection connection)
        {
            await connection.StartUpAsync();
            string sql = "";
            string types = "";
            while (await connection.ReadMessageAsync() is { Type: not 'X' } message)
            {
                types += message.Type;
                switch (message.Type)
                {
                    case 'Q':
                        await AnswerAsync(connection, Hear(Encoding.UTF8.GetString(message.Body)));
                        types = "";
                        break;
                    case 'P':
                        sql = Hear(Encoding.UTF8.GetString(message.Body));
                        break;
                    case 'H':
                        await connection.SendAsync(Conversation.DescribedJson);
                        types = "";
                        break;
                    case 'S':
                        await AnswerAsync(connection, sql, types);
                        types = "";
                        break;
                }
            }
        }

        private string Hear(string sql)
        {
            lock (_heard)
            {
                _heard.Add(sql);
            }

            return sql;
        }

        private Task AnswerAsync(ScriptedConnection connection, string sql) =>
            sql.Contains("pg_export_snapshot", StringComparison.Ordinal)
                ? connection.SendAsync(
                    BackendMessages.RowDescription(("snapshot", 25)), BackendMessages.DataRow(Snapshot), BackendMessages.CommandComplete("SELECT 1"), BackendMessages.ReadyForQuery('T'))
            : IsImportRefused && sql.Contains("set transaction snapshot", StringComparison.Ordinal)
                ? connection.SendAsync(BackendMessages.ErrorResponse("22023", "invalid snapshot identifier"), BackendMessages.ReadyForQuery('E'))
            : connection.SendAsync(BackendMessages.CommandComplete("BEGIN"), BackendMessages.ReadyForQuery(sql.StartsWith("rollback", StringComparison.Ordinal) ? 'I' : 'T'));

        private async Task AnswerAsync(ScriptedConnection connection, string sql, string types)
        {
            string? value = sql.Contains("pg_inherits", StringComparison.Ordinal) ? Sizes
                : sql.Contains("explain", StringComparison.Ordinal) ? """[{"Plan":{"Plan Rows":500,"Plan Width":30,"Total Cost":12.5}}]"""
                : "";
            if (value != "")
            {
                await connection.SendAsync(
                    BackendMessages.ParseComplete, BackendMessages.BindComplete, BackendMessages.DataRow(value), BackendMessages.CommandComplete("SELECT 1"), BackendMessages.ReadyForQuery('T'));
                return;
            }

            await connection.SendAsync(
                types.Contains('P', StringComparison.Ordinal) ? BackendMessages.ParseComplete : [],
                BackendMessages.BindComplete,
                types.Contains('D', StringComparison.Ordinal) ? BackendMessages.RowDescription(("data", Conversation.JsonOid)) : []);
            if (connection.Number == 1 && Second is { } second)
            {
                await second(connection);
                return;
            }

            await connection.SendAsync(Rows1, BackendMessages.CommandComplete($"SELECT {Rows}"), BackendMessages.ReadyForQuery('T'));
        }
    }
}

internal static class ParallelOutcome
{
    public static ErrorKind? Kind(this (List<string> Rows, Exception? Error) outcome) => (outcome.Error as StreamRuntimeException)?.Kind;
}
