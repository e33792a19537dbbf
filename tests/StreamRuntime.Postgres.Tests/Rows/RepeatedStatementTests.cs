using System.Text;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Tests.Transport;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Servers;
using StreamRuntime.TestKit.Streams;

namespace StreamRuntime.Postgres.Tests.Rows;

public sealed class RepeatedStatementTests
{
    private static readonly byte[] Json = BackendMessages.RowDescription(("data", Conversation.JsonOid));
    private static readonly byte[] Text = BackendMessages.RowDescription(("data", 25));
    private static readonly byte[] Mood = BackendMessages.RowDescription(("mood", 99_999));

    [Fact]
    public async Task SecondRun_SendsEverythingAtOnce()
    {
        Conversation first = Conversation.Json(3);
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await first.PlayAsync(c);
            await Conversation.Repeated(first, Json).PlayResultAsync(c);
            await c.DrainAsync();
        });
        await using PostgresDataSource source = PostgresDataSource.Create(Outcome.OptionsFor(server));

        List<string> before = await ReadAsync(source);
        List<string> again = await ReadAsync(source);

        Assert.Equal(3, before.Count);
        Assert.Equal(before, again);
    }

    [Fact]
    public async Task OtherParameterTypes_AreAnotherStatement()
    {
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await Conversation.Json(1).PlayAsync(c);
            await Conversation.Json(1).PlayResultAsync(c);
            await Conversation.Json(1).PlayResultAsync(c);
            await c.DrainAsync();
        });
        await using PostgresDataSource source = PostgresDataSource.Create(Outcome.OptionsFor(server));
        foreach (PostgresParameter parameter in new[] { PostgresParameter.From(1), PostgresParameter.From("1"), PostgresParameter.From(1L) })
        {
            // Each is described before it is run, as the script demands.
            await using JsonRowStream stream = await source.StreamAsync(new PostgresQuery("select f($1)", parameter));
            Assert.True(await stream.ReadBatchAsync());
            Assert.False(await stream.ReadBatchAsync());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ColumnsThatHaveChanged_AreReadByWhatTheyAreNow(bool isText)
    {
        Conversation repeated = Conversation.Repeated(Conversation.Json(3), isText ? Text : Json, known: isText ? Json : Text);
        foreach (Stream stream in new Stream[] { new MemoryServer(repeated.Parts), new DribbleStream(new MemoryServer(repeated.Parts), Segmentation.Fragments(1)) })
        {
            Outcome outcome = await Outcome.ReadAsync(stream, new PostgresOptions { User = "postgres" }, known: repeated.Known);

            Assert.Null(outcome.Error);
            Assert.Equal(3, outcome.Rows);
            Assert.Equal(isText, Encoding.UTF8.GetString(outcome.Output, 4, 8) == "{\"data\":");
        }
    }

    [Fact]
    public async Task ColumnsThatHaveChanged_ToWhatOnlyTheServerCanTurnIntoJson_IsAnErrorThatTheNextRunHasNot()
    {
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await Conversation.Json(1).PlayAsync(c);
            await Conversation.Repeated(Conversation.Json(1), Mood).PlayResultAsync(c);
            await Conversation.Wrapped(2).PlayResultAsync(c);
            await c.DrainAsync();
        });
        await using PostgresDataSource source = PostgresDataSource.Create(Outcome.OptionsFor(server));
        Assert.Single(await ReadAsync(source));

        var changed = await Assert.ThrowsAsync<StreamRuntimeException>(() => ReadAsync(source));

        Assert.Equal(ErrorKind.UnsupportedType, changed.Kind);
        Assert.True(changed.IsTransient);
        Assert.Equal(2, (await ReadAsync(source)).Count);
    }

    [Theory]
    [InlineData("BPD")]
    [InlineData("PDB")]
    [InlineData("PB")]
    [InlineData("B")]
    [InlineData("PBDD")]
    public async Task AnswersOutOfTheirPlace_AreRefused(string answers)
    {
        byte[] result = Conversation.Json(2).Parts[^1][BackendMessages.BindComplete.Length..];
        byte[][] parts =
        [
            Conversation.LoggedIn,
            BackendMessages.Join([.. answers.Select(a => a switch { 'P' => BackendMessages.ParseComplete, 'B' => BackendMessages.BindComplete, _ => Json }), result]),
        ];

        Outcome outcome = await Outcome.ReadAsync(new MemoryServer(parts), new PostgresOptions { User = "postgres" }, known: Json[5..]);

        Assert.Equal(ErrorKind.Protocol, outcome.Kind);
        Assert.Equal(0, outcome.Rows);
    }

    private static async Task<List<string>> ReadAsync(PostgresDataSource source)
    {
        var rows = new List<string>();
        await using JsonRowStream stream = await source.StreamAsync(Outcome.Query);
        await foreach (JsonRow row in stream)
        {
            rows.Add(row.ToString());
        }

        return rows;
    }
}
