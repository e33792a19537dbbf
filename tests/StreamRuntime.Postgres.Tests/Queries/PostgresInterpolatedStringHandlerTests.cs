using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Tests.Queries;

public sealed class PostgresInterpolatedStringHandlerTests
{
    [Fact]
    public void From_Values_BecomeNumbersAndParameters()
    {
        int id = 7;
        string name = "x";
        PostgresQuery query = PostgresQuery.From($"select data from v_user where id = {id} and name = {name} or id = {id}");
        Assert.Equal("select data from v_user where id = $1 and name = $2 or id = $3", query.Text);
        Assert.Equal([new(23, "7"), new(0, "x"), new(23, "7")], query.Parameters);
    }

    [Theory]
    [InlineData("'; drop table t; --")]
    [InlineData("$1")]
    [InlineData("1) or (1=1")]
    [InlineData("\\'; select 1 /*")]
    [InlineData("{0}")]
    [InlineData("")]
    public void From_HostileValue_NeverBecomesText(string value)
    {
        PostgresQuery query = PostgresQuery.From($"select {value}, {$"{value}"}, {new[] { value }}, {(object)value}");
        Assert.Equal("select $1, $2, $3, $4", query.Text);
        Assert.Equal(value, query.Parameters[0].Text);
        Assert.Equal(value, query.Parameters[1].Text);
        Assert.Equal(value, query.Parameters[3].Text);
    }

    [Fact]
    public void From_Null_IsSqlNull()
    {
        int? missing = null;
        string? text = null;
        PostgresQuery query = PostgresQuery.From($"select {missing}, {text}, {null}, {DBNull.Value}, {(int[]?)null}");
        Assert.Equal([new(23, null), new(0, null), new(0, null), new(0, null), new(1007, null)], query.Parameters);
    }

    [Fact]
    public void From_List_IsOneArray()
    {
        IReadOnlyList<int> ids = [1, 2];
        PostgresQuery query = PostgresQuery.From($"select * from t where id = any({ids})");
        Assert.Equal("select * from t where id = any($1)", query.Text);
        Assert.Equal([new(1007, "{\"1\",\"2\"}")], query.Parameters);
    }

    [Fact]
    public void From_NestedQuery_IsPutInWithItsParametersRenumbered()
    {
        PostgresQuery inner = PostgresQuery.From($"select id from a where x = {1L} and y <> '$1' and z = {"z"} ; -- all of them");
        PostgresQuery twice = new("$1 = $1 or $2", new(23, "5"), new(16, "t"));
        PostgresQuery query = PostgresQuery.From($"select {true} from t where id in ({inner}) and ({twice}) and n = {(short)3}");
        Assert.Equal("select $1 from t where id in (select id from a where x = $2 and y <> '$1' and z = $3) and ($4 = $4 or $5) and n = $6", query.Text);
        Assert.Equal(["t", "1", "z", "5", "t", "3"], query.Parameters.Select(parameter => parameter.Text));
    }

    [Fact]
    public void From_Parameter_KeepsItsType()
    {
        Assert.Equal([new(3802, "{}")], PostgresQuery.From($"select {new PostgresParameter(3802, "{}")}").Parameters);
    }

    [Fact]
    public void From_MoreThan65535Values_IsRefused()
    {
        var many = new PostgresQuery("select 1", new PostgresParameter[65535]);
        Assert.Equal(65535, PostgresQuery.From($"{many}").Parameters.Count);
        Refuses(() => PostgresQuery.From($"{many}, {1}"), "65536");
    }

    [Fact]
    public void From_ValueWhereNoneCanStand_IsRefused()
    {
        int id = 1;
        Refuses(() => PostgresQuery.From($"select '{id}'"), "$1");
        Refuses(() => PostgresQuery.From($"select {id}, \"{id}\""), "$2");
        Refuses(() => PostgresQuery.From($"select $${id}$$"), "$1");
        Refuses(() => PostgresQuery.From($"select 1 -- {id}"), "$1");
        Refuses(() => PostgresQuery.From($"select t{id} from t"), "$1");
        Refuses(() => PostgresQuery.From($"select 1 limit {id}0"), "$1");
    }

    [Fact]
    public void From_PlaceholderWrittenByHand_IsRefused()
    {
        Refuses(() => PostgresQuery.From($"select $1, {2}"), "$1");
        Refuses(() => PostgresQuery.From($"select {2}, $9"), "$9");
        Assert.Equal("select '$1', $1", PostgresQuery.From($"select '$1', {2}").Text);
    }

    [Fact]
    public void From_NestedQueryThatWouldMerge_IsRefused()
    {
        var minus = new PostgresQuery("-1");
        var quote = new PostgresQuery("'b'");
        Refuses(() => PostgresQuery.From($"select 1 -{minus}"), "merge");
        Refuses(() => PostgresQuery.From($"select '{quote}'"), "merge");
        Refuses(() => PostgresQuery.From($"select E{quote}"), "merge");
        Refuses(() => PostgresQuery.From($"select 1 /* {minus} */"), "merge");
        Refuses(() => PostgresQuery.From($"select {new PostgresQuery("'a")}"), "unclosed");
        Refuses(() => PostgresQuery.From($"select {new PostgresQuery("$2", new PostgresParameter(0, "a"))}"), "$2");
        Assert.Equal("select 1 - -1", PostgresQuery.From($"select 1 - {minus}").Text);
    }

    [Fact]
    public void From_NoValues_IsPlainText() => Assert.Equal("select 1", PostgresQuery.From($"select 1").Text);

    [Fact]
    public void ToQuery_HandlerNotMadeByTheCompiler_Throws() =>
        Assert.Throws<InvalidOperationException>(() => PostgresQuery.From(default));

    [Fact]
    public void Query_ListChangedAfterwards_KeepsItsParameters()
    {
        List<PostgresParameter> parameters = [new(0, "a")];
        var query = new PostgresQuery("select $1", parameters);
        parameters.Clear();
        Assert.Single(query.Parameters);
    }

    private static void Refuses(Func<PostgresQuery> make, string part)
    {
        var error = Assert.Throws<StreamRuntimeException>(make);
        Assert.Equal(ErrorKind.Configuration, error.Kind);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }
}
