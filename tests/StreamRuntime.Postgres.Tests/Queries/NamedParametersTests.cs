using System.Globalization;
using System.Text;
using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Tests.Queries;

public sealed class NamedParametersTests
{
    [Theory]
    [InlineData("select :a", "select $1")]
    [InlineData("select :a, :b, :a", "select $1, $2, $1")]
    [InlineData(":b+:a", "$1+$2")]
    [InlineData("select :a::int, x::b", "select $1::int, x::b")]
    [InlineData("select f(b := :a)", "select f(b := $1)")]
    [InlineData("select x[1:2], x[:a], x[1: a]", "select x[1:2], x[$1], x[1: a]")]
    [InlineData("select ':b', E'\\':b', \":b\", $$:b$$, $t$:b$t$ -- :b\n/* :b /* */ :b */, :a", "select ':b', E'\\':b', \":b\", $$:b$$, $t$:b$t$ -- :b\n/* :b /* */ :b */, $1")]
    public void Rewrite_Names_BecomeNumbers(string sql, string expected)
    {
        bool hasB = expected.Contains("$2", StringComparison.Ordinal);
        KeyValuePair<string, string?>[] values = hasB ? [new("a", "1"), new("b", "2")] : [new("a", "1")];
        Assert.Equal(expected, NamedParameters.Rewrite(sql, values).Text);
    }

    [Fact]
    public void Rewrite_Values_FollowTheNumbersAsText()
    {
        PostgresQuery query = NamedParameters.Rewrite("select :b, :a, :b, :n", [new("a", "'; drop table t"), new("b", ""), new("n", null)]);
        Assert.Equal("select $1, $2, $1, $3", query.Text);
        Assert.Equal([new PostgresParameter(0, ""), new PostgresParameter(0, "'; drop table t"), new PostgresParameter(0, null)], query.Parameters);
    }

    [Fact]
    public void Rewrite_NumberedStyle_TakesValuesNamedByNumber()
    {
        PostgresQuery query = NamedParameters.Rewrite("select $2, $1, '$3'", [new("1", "one"), new("2", "two")]);
        Assert.Equal("select $2, $1, '$3'", query.Text);
        Assert.Equal(["one", "two"], query.Parameters.Select(parameter => parameter.Text));
    }

    [Theory]
    [InlineData("select :a, :c", "'c'")] // no value
    [InlineData("select 1", "'a'")] // unused
    [InlineData("select :A", "'A'")] // case counts
    [InlineData("select ':a'", "'a'")]
    [InlineData("select :a, $1", ":a and $1")]
    [InlineData("select $1, :a", ":a and $1")]
    [InlineData("select $1", "'1'")]
    [InlineData("select $2", "$2 but not $1")]
    [InlineData("select $0", "$0")]
    [InlineData("select $65536", "$65536")]
    [InlineData("select $99999999999", "$99999999999")]
    [InlineData("select :a, 'b", "character 12")]
    [InlineData("select :a /* b", "character 11")]
    public void Rewrite_Unusable_SaysWhatIsWrong(string sql, string part)
    {
        var error = Assert.Throws<StreamRuntimeException>(() => NamedParameters.Rewrite(sql, [new("a", "secret")]));
        Assert.Equal(ErrorKind.Configuration, error.Kind);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rewrite_ValueGivenTwice_IsRefused()
    {
        var error = Assert.Throws<StreamRuntimeException>(() => NamedParameters.Rewrite("select :a", [new("a", "1"), new("a", "2")]));
        Assert.Contains("'a'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rewrite_RandomFragments_ReplacesExactlyThePlaceholders()
    {
        string[] inert =
        [
            "x", "a$b$", "12", "1.5e3", "'it''s :p0'", "E'\\':p0\\\\'", "E'a'\n'\\' :p0'", "U&'\\0041 :p0'", "\":p0\"\":p1\"", "$$ :p0 ' $$", "$q$ :p0 $$ $1 $q$",
            "-- :p0 ' /*\n", "/* :p0 /* ' */ :p1 */", "x::p0", "f(x:=p0)", "a[1:2]", "a[1: p0]", "'$1'", "@>", "||", ",", "(", ")", ";", "漢字", "B'01'", "N':p0'", "- -", "/ *",
        ];
        const int Seed = 71;
        var random = new Random(Seed);
        for (int round = 0; round < 20_000; round++)
        {
            var sql = new StringBuilder();
            var expected = new StringBuilder();
            var order = new List<string>();
            for (int count = random.Next(1, 12); count > 0; count--)
            {
                string gap = random.GetItems([" ", "\n", "\t", "/**/"], 1)[0];
                sql.Append(gap);
                expected.Append(gap);
                if (random.Next(3) > 0)
                {
                    string fragment = random.GetItems(inert, 1)[0];
                    sql.Append(fragment);
                    expected.Append(fragment);
                    continue;
                }

                string name = "p" + random.Next(4).ToString(CultureInfo.InvariantCulture);
                if (!order.Contains(name))
                {
                    order.Add(name);
                }

                sql.Append(':').Append(name);
                expected.Append('$').Append(order.IndexOf(name) + 1);
            }

            PostgresQuery query = NamedParameters.Rewrite(sql.ToString(), order.Select(name => new KeyValuePair<string, string?>(name, "v" + name)));
            Assert.True(expected.ToString() == query.Text, $"Seed {Seed}, round {round}: {sql}");
            Assert.Equal(order.Select(name => "v" + name), query.Parameters.Select(parameter => parameter.Text));
        }
    }
}
