using StreamRuntime.Postgres.ParallelReads;
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

    /// <summary>All but two: what is ahead of its turn is held, through a pause as well, and has a limit of its own (MaxReadAheadBytes), which tests of the order look at.</summary>
    public static TheoryData<string> MergedRules =>
        [.. RowSourceConformance.NamesFor(Abilities).Where(name => name is not ("idle-memory-is-released" or "buffered-bytes-within-the-limit"))];

    [Theory]
    [MemberData(nameof(MergedRules))]
    public async Task QueryOverSeveralBackends_KeepsTheRule(string rule)
    {
        if (rule.Contains("error", StringComparison.Ordinal))
        {
            await server.Cluster.PsqlAsync(Fail);
        }

        await RowSourceConformance.RunAsync(rule, new MergedSubject(server.Options()));
    }

    /// <summary>The same rows in parts, which two backends send and one source puts in order.</summary>
    private sealed class MergedSubject(PostgresOptions options) : SourceUnderTest
    {
        private const int Parts = 5;

        public override SourceAbilities Abilities => ConformanceTests.Abilities;

        public override async ValueTask<OpenedSource> OpenAsync(SourceScript script)
        {
            PostgresConnection first = await ConnectionOpener.OpenAsync(options, options.Endpoints[0], default);
            PostgresConnection second = await ConnectionOpener.OpenAsync(options, options.Endpoints[0], default);
            await SnapshotTransaction.ImportAsync(second, await SnapshotTransaction.ExportAsync(first, default), default);
            string?[] rows = [.. script.Rows];
            List<PostgresQuery> queries = [];
            for (int part = 0; part < Parts; part++)
            {
                var some = PostgresParameter.From(rows[(rows.Length * part / Parts)..(rows.Length * (part + 1) / Parts)]);
                queries.Add(part == Parts - 1 && script.Failure is { } failure
                    ? new PostgresQuery("select r::json from unnest($1::text[]) as r union all select fail($2)", some, PostgresParameter.From(failure))
                    : new PostgresQuery("select r::json from unnest($1::text[]) as r", some));
            }

            var queue = new PartitionQueue([.. queries.Select((q, i) => new Partition(i, q, null))]);
            var shapes = new StatementShapes();
            return new OpenedSource(new MergedRows(
                [new Backend(first, queue, shapes, _ => first.DisposeAsync()), new Backend(second, queue, shapes, _ => second.DisposeAsync())], mostAhead: 1 << 20, observation: null));
        }
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
