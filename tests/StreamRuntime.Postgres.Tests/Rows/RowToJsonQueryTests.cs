using StreamRuntime.Postgres.Rows;

namespace StreamRuntime.Postgres.Tests.Rows;

public sealed class RowToJsonQueryTests
{
    private const string Before = "select pg_catalog.row_to_json(_.*) from (\n";
    private const string After = "\n) _";

    /// <summary>Texts that are one statement to the server, with what of them is kept.</summary>
    public static TheoryData<string, string> OneStatement() => new()
    {
        { "select 1", "select 1" },
        { "select 1;", "select 1" },
        { "select 1 ; ;; \n", "select 1 " },
        { "select 1; -- a comment; with a semicolon", "select 1" },
        { "select 1; /* ; */ /* /* nested */ ; */", "select 1" },
        { "select 1 -- a comment", "select 1 -- a comment" },
        { "select 1 /* ; ) */", "select 1 /* ; ) */" },
        { "select 1 /* /* ) */ ; */", "select 1 /* /* ) */ ; */" },
        { "select ';' || ')';", "select ';' || ')'" },
        { "select 'it''s ;)'", "select 'it''s ;)'" },
        { @"select '\' || ';)'", @"select '\' || ';)'" },
        { @"select E'\';)'", @"select E'\';)'" },
        { @"select e'\\' || ';)'", @"select e'\\' || ';)'" },
        { "select E'a'\n'\\';)'", "select E'a'\n'\\';)'" },
        { "select E'a' -- b'\n '\\';)'", "select E'a' -- b'\n '\\';)'" },
        { "select U&'\\0041;)'", "select U&'\\0041;)'" },
        { "select N';)', B'1', X'1f', n';)'", "select N';)', B'1', X'1f', n';)'" },
        { "select $$ ; ) ' $$;", "select $$ ; ) ' $$" },
        { "select $a$ $$ ; $b$ ) $a$", "select $a$ $$ ; $b$ ) $a$" },
        { "select $é1$ ;) $é1$", "select $é1$ ;) $é1$" },
        { "select $1 + $2", "select $1 + $2" },
        { "select a$$ from t where b$$ = 1;", "select a$$ from t where b$$ = 1" },
        { "select 1e5 as a$b$c, 1.5 -- $b$", "select 1e5 as a$b$c, 1.5 -- $b$" },
        { "select 1 as \";)'\", 2 as \"a\"\"(\"", "select 1 as \";)'\", 2 as \"a\"\"(\"" },
        { "select (1), ((2)), array[3][1]", "select (1), ((2)), array[3][1]" },
        { "select 1 +-- ;)\n2", "select 1 +-- ;)\n2" },
        { "select 1 */* ;) */2", "select 1 */* ;) */2" },
        { "select 1 -- ;)\r+ 2", "select 1 -- ;)\r+ 2" },
        { "with a as (select 1) select * from a;", "with a as (select 1) select * from a" },
        { "values (1);", "values (1)" },
    };

    /// <summary>Texts that would, or might, be more than one statement, or change what our own text means.</summary>
    public static TheoryData<string> Refused() =>
    [
        "select 1) _ ; drop table t; --",
        "select 1; drop table t",
        "select 1; drop table t; --",
        "select 1) _ --",
        "select 1) _, (select 2",
        ")(",
        "select (1",
        "select (1;2)",
        "select 1 /* open",
        "select 1 /* /* open */",
        "select 1 /*/",
        "select 'open",
        "select 'a\\'' || ') _; drop table t; --'; --'",
        "select E'open\\'",
        "select E'a'\n'\\'",
        "select \"open",
        "select $$ open $ $",
        "select $a$ open $b$",
        "select $a$ open $A$",
        "select '\\'; drop table t; --'",
        "select '') _; drop table t; --'",
        "select a$$ ) _; drop table t; -- $$",
        "select 1$1$ ) $1$",
        "select 1e5$$ ' $$ ) _; drop table t; --'",
        "select e 'a\\') _; drop table t; --'",
        "select name'a\\') _; drop table t; --'",
        "select E'a' '\\') _; drop table t; --'",
        "select E'a' /* \n */ '\\') _; drop table t; --'",
        "select 1 -- \r ) _; drop table t",
        "select \0 1",
    ];

    [Theory]
    [MemberData(nameof(OneStatement))]
    public void Wrap_OneStatement_KeepsItsText(string sql, string kept) => Assert.Equal(Before + kept + After, RowToJsonQuery.Wrap(sql));

    [Theory]
    [MemberData(nameof(Refused))]
    public void Wrap_TextThatWouldBreakOut_IsRefused(string sql)
    {
        var error = Assert.Throws<StreamRuntimeException>(() => RowToJsonQuery.Wrap(sql));
        Assert.Equal(ErrorKind.Configuration, error.Kind);
        Assert.DoesNotContain("drop", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrap_WithoutStandardStrings_FollowsTheServersReading()
    {
        const string EndsAfterEscape = @"select '\' ; drop table t; --'";
        Assert.Throws<StreamRuntimeException>(() => RowToJsonQuery.Wrap(EndsAfterEscape));
        Assert.Equal(Before + EndsAfterEscape + After, RowToJsonQuery.Wrap(EndsAfterEscape, standardConformingStrings: false));

        const string EndsBeforeEscape = @"select '\\' || '\') _; drop table t; --'";
        Assert.Throws<StreamRuntimeException>(() => RowToJsonQuery.Wrap(EndsBeforeEscape + ")", standardConformingStrings: false));
        Assert.Throws<StreamRuntimeException>(() => RowToJsonQuery.Wrap(EndsBeforeEscape));

        // A bit string knows neither escapes nor doubled quotes; what follows it is a plain string again.
        Assert.Equal(Before + @"select B'1''\';)'" + After, RowToJsonQuery.Wrap(@"select B'1''\';)'", standardConformingStrings: false));
    }

    // The guarantee itself, against whatever text: cut at any place, the wrapped text is either refused or balanced as a whole.
    [Theory]
    [MemberData(nameof(OneStatement))]
    public void Wrap_EveryPrefix_IsRefusedOrBalanced(string sql, string kept)
    {
        Assert.NotEmpty(kept);
        for (int length = 0; length <= sql.Length; length++)
        {
            string prefix = sql[..length];
            string wrapped;
            try
            {
                wrapped = RowToJsonQuery.Wrap(prefix);
            }
            catch (StreamRuntimeException e) when (e.Kind == ErrorKind.Configuration)
            {
                continue;
            }

            // Wrapping what was wrapped finds our own parentheses balanced, and the last one last.
            Assert.Equal(Before + wrapped + After, RowToJsonQuery.Wrap(wrapped));
            Assert.StartsWith(Before, wrapped, StringComparison.Ordinal);
            Assert.EndsWith(After, wrapped, StringComparison.Ordinal);
        }
    }
}
