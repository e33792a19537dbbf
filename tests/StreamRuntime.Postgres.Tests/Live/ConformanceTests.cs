using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Rows;
using StreamRuntime.Postgres.Transport;
using StreamRuntime.TestKit.Conformance;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>The rules that a driver's author is held to, as far as a real server can be made to do what they need. The rest is proven on a scripted one.</summary>
[Collection(LiveTests.Name)]
public sealed class ConformanceTests(LiveServer server)
{
    private const SourceAbilities Abilities = SourceAbilities.AnyRows | SourceAbilities.NullRows | SourceAbilities.Failures;

    private const string Fail =
        "create or replace function fail(message text) returns json language plpgsql as $$ begin raise exception '%', message; end $$";

    public static TheoryData<string> Rules => [.. RowSourceConformance.NamesFor(Abilities)];

    [Theory]
    [MemberData(nameof(Rules))]
    public async Task Query_KeepsTheRule(string rule)
    {
        if (rule.Contains("error", StringComparison.Ordinal))
        {
            await server.Cluster.PsqlAsync(Fail);
        }

        await RowSourceConformance.RunAsync(rule, new Subject(server.Options()));
    }

    private sealed class Subject(PostgresOptions options) : SourceUnderTest
    {
        public override SourceAbilities Abilities => ConformanceTests.Abilities;

        public override async ValueTask<OpenedSource> OpenAsync(SourceScript script)
        {
            PostgresConnection connection = await ConnectionOpener.OpenAsync(options, options.Endpoints[0], default);
            var rows = PostgresParameter.From(script.Rows.ToArray());
            PostgresQuery query = script.Failure is { } failure
                ? new PostgresQuery("select r::json from unnest($1::text[]) as r union all select fail($2)", rows, PostgresParameter.From(failure))
                : new PostgresQuery("select r::json from unnest($1::text[]) as r", rows);
            return new OpenedSource(await QueryStarter.StartAsync(connection, query, static (used, _) => used.DisposeAsync(), default));
        }
    }
}
