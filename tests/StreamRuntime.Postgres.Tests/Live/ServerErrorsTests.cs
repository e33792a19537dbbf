using System.Data.Common;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.Tests.Live;

[Collection(LiveTests.Name)]
public sealed class ServerErrorsTests(LiveServer server)
{
    [Fact]
    public async Task Error_InMidStream_ComesAfterEveryRowBeforeItAndAtEveryReadFromThere()
    {
        await using PostgresDataSource source = server.Source();
        await using JsonRowStream stream = await source.StreamTextAsync("select json_build_object('i', 1/(5000-i)) from generate_series(1, 10000) i");
        var rows = new List<string>();

        var error = await Assert.ThrowsAsync<PostgresServerException>(() => stream.AddRestAsync(rows));

        Assert.Equal(4999, rows.Count);
        Assert.Equal("""{"i" : 1}""", rows[^1]);
        Assert.Equal("22012", error.SqlState);
        Assert.Equal("22012", ((DbException)error).SqlState);
        Assert.Equal(ErrorKind.Server, error.Kind);
        Assert.False(error.IsTransient);
        Assert.Equal("ERROR", error.ServerMessage.Severity);
        Assert.Equal("division by zero", error.ServerMessage.Message);
        Assert.NotNull(error.ServerMessage.File);
        Assert.NotNull(error.ServerMessage.Line);
        Assert.NotNull(error.ServerMessage.Routine);
        Assert.Equal(StreamState.Error, stream.State);
        Assert.Same(error, await Assert.ThrowsAsync<PostgresServerException>(async () => await stream.ReadBatchAsync()));
    }

    [Fact]
    public async Task Error_InMidStreamOfObjects_ComesAfterEveryRowBeforeIt()
    {
        await using PostgresDataSource source = server.Source();
        await using JsonRowStream stream = await source.StreamTextAsync("select i, 1/(5000-i) as x from generate_series(1, 10000) i");
        var rows = new List<string>();
        Assert.Equal("22012", (await Assert.ThrowsAsync<PostgresServerException>(() => stream.AddRestAsync(rows))).SqlState);
        Assert.Equal(4999, rows.Count);
    }

    [Theory]
    [InlineData("select 'é😀', frm x y", 20)]
    [InlineData("select no_such_column from pg_class", 8)]
    public async Task Error_InTheText_CarriesItsPositionInCharacters(string sql, int position)
    {
        await using PostgresDataSource source = server.Source();
        var error = await Assert.ThrowsAsync<PostgresServerException>(() => source.RowsAsync(sql));
        Assert.Equal("42", error.SqlState[..2]);
        Assert.Equal(position, error.ServerMessage.Position);
    }

    [Fact]
    public async Task Error_OfAConstraint_CarriesDetailAndNames()
    {
        await server.Cluster.PsqlAsync("""
            drop table if exists constrained; drop domain if exists small;
            create domain small as int constraint small_enough check (value < 10);
            create table constrained (id int primary key, name text not null);
            insert into constrained values (1, 'one');
            """);
        await using PostgresDataSource source = server.Source();

        PostgresServerMessage duplicate = (await FailAsync("insert into constrained values (1, 'again')")).ServerMessage;
        Assert.Equal("23505", duplicate.SqlState);
        Assert.Equal("Key (id)=(1) already exists.", duplicate.Detail);
        Assert.Equal(("public", "constrained", "constrained_pkey"), (duplicate.SchemaName, duplicate.TableName, duplicate.ConstraintName));

        PostgresServerMessage missing = (await FailAsync("insert into constrained values (2, null)")).ServerMessage;
        Assert.Equal(("23502", "name"), (missing.SqlState, missing.ColumnName));

        PostgresServerMessage large = (await FailAsync("select 10::small")).ServerMessage;
        Assert.Equal(("23514", "small", "small_enough"), (large.SqlState, large.DataTypeName, large.ConstraintName));

        async Task<PostgresServerException> FailAsync(string sql) => await Assert.ThrowsAsync<PostgresServerException>(() => source.RowsAsync(sql));
    }

    [Fact]
    public async Task Error_InsideAFunction_CarriesHintContextAndInternalQuery()
    {
        await server.Cluster.PsqlAsync("""
            create or replace function raises() returns int language plpgsql as $$
            begin raise exception 'went wrong: %', 7 using errcode = 'SR001', hint = 'do not', detail = 'all of it'; end $$;
            create or replace function executes() returns int language plpgsql as $$ begin execute 'select nowhere'; return 1; end $$;
            """);
        await using PostgresDataSource source = server.Source();

        PostgresServerMessage raised = (await Assert.ThrowsAsync<PostgresServerException>(() => source.RowsAsync("select raises()"))).ServerMessage;
        Assert.Equal(("SR001", "went wrong: 7", "do not", "all of it"), (raised.SqlState, raised.Message, raised.Hint, raised.Detail));
        Assert.Contains("PL/pgSQL function raises()", raised.Where, StringComparison.Ordinal);

        PostgresServerMessage executed = (await Assert.ThrowsAsync<PostgresServerException>(() => source.RowsAsync("select executes()"))).ServerMessage;
        Assert.Equal(("select nowhere", 8), (executed.InternalQuery, executed.InternalPosition));
    }

    [Fact]
    public async Task Notices_BeforeAmongAndAfterRows_AreSurfacedInOrder()
    {
        await server.Cluster.PsqlAsync("""
            create or replace function tells(i int) returns json language plpgsql as $$
            begin
                if i % 1000 = 0 then raise notice 'row %', i using hint = 'h'; end if;
                if i = 2500 then raise warning 'half'; end if;
                return json_build_object('i', i);
            end $$;
            """);
        var notices = new List<PostgresServerMessage>();
        await using PostgresDataSource source = PostgresDataSource.Create(server.Options() with { OnNotice = notices.Add });

        Assert.Equal(5000, (await source.RowsAsync("select tells(i) from generate_series(1, 5000) i")).Count);

        Assert.Equal(["row 1000", "row 2000", "half", "row 3000", "row 4000", "row 5000"], notices.Select(n => n.Message));
        Assert.Equal(["NOTICE", "NOTICE", "WARNING", "NOTICE", "NOTICE", "NOTICE"], notices.Select(n => n.Severity));
        Assert.Equal("h", notices[0].Hint);

        notices.Clear();
        await source.RowsAsync("do $$ begin raise notice 'from do'; end $$");
        Assert.Equal("from do", Assert.Single(notices).Message);
    }

    [Fact]
    public async Task StatementTimeout_OfTheServer_IsItsError()
    {
        await using PostgresDataSource source = PostgresDataSource.Create(server.Options() with { StatementTimeout = TimeSpan.FromMilliseconds(100) });
        await using JsonRowStream stream = await source.StreamTextAsync("select json_build_object('s', pg_sleep(60))");
        var error = await Assert.ThrowsAsync<PostgresServerException>(async () => await stream.ReadBatchAsync());
        Assert.Equal("57014", error.SqlState);
        Assert.Contains("statement timeout", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ParameterChanges_AndNotifications_InMidStreamAreNoRows()
    {
        await using PostgresDataSource source = server.Source();
        List<string> rows = await source.RowsAsync("select set_config('application_name', 'a' || i, false) as n from generate_series(1, 2000) i");
        Assert.Equal(2000, rows.Count);
    }

    [Theory]
    [InlineData("é", ErrorKind.InvalidRow)]
    [InlineData("e", ErrorKind.Protocol)]
    public async Task ClientEncoding_ChangedByTheQuery_EndsInAnError(string text, ErrorKind kind)
    {
        // The server reports the change after the rows, so bytes that are no UTF-8 are noticed first.
        await using PostgresDataSource source = server.Source();
        var error = await Assert.ThrowsAsync<StreamRuntimeException>(() => source.RowsAsync($"select set_config('client_encoding', 'LATIN1', false), '{text}' as e"));
        Assert.Equal(kind, error.Kind);
    }

    [Fact]
    public async Task ServerEncoding_OtherThanUtf8_IsConvertedByTheServer()
    {
        await server.Cluster.PsqlAsync("drop database if exists latin");
        await server.Cluster.PsqlAsync("create database latin encoding 'LATIN1' template template0 lc_collate 'C' lc_ctype 'C'");
        await using PostgresDataSource source = server.Source("dbname=latin");
        Assert.Equal("""{"e":"é"}""", await source.RowAsync("select chr(233) as e"));
    }

    [Fact]
    public async Task Database_ThatDoesNotExist_IsTheServersError()
    {
        await using PostgresDataSource source = server.Source("dbname=nowhere");
        Assert.Equal("3D000", (await Assert.ThrowsAsync<PostgresServerException>(() => source.RowsAsync("select 1"))).SqlState);
    }
}
