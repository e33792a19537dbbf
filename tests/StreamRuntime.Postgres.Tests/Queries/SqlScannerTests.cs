using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Tests.Queries;

public sealed class SqlScannerTests
{
    [Theory]
    [InlineData("select 1", "Word Whitespace Number")]
    [InlineData("'it''s; --'", "String")]
    [InlineData("'a\\'b", "String Word")] // a backslash escapes nothing in a plain string
    [InlineData("E'a\\'b'", "String")]
    [InlineData("e'a\\\\'b", "String Word")]
    [InlineData("E'a''b\\''", "String")]
    [InlineData("E'a'\n 'b\\'c'", "String")] // goes on after a line break, escapes included
    [InlineData("E'a' --c\n--d\n'b\\'c'", "String")]
    [InlineData("'a' -- c\n'b'", "String")]
    [InlineData("E'a' 'b\\'c", "String Whitespace String Word")]
    [InlineData("fooE'a\\'b", "Word String Word")]
    [InlineData("U&'a\\'b", "Word Symbol String Word")]
    [InlineData("B'1\\'x'2'", "String String")]
    [InlineData("\"a\"\"b;\"", "QuotedName")]
    [InlineData("$$a;'$$", "String")]
    [InlineData("$t$a$$b$T$c$t$x", "String Word")]
    [InlineData("$a$$b$a$", "String")]
    [InlineData("a$t$b", "Word")] // "$" belongs to a name once it has begun
    [InlineData("1e5$$a$$", "Number String")]
    [InlineData("0x1F$$a$$", "Number String")]
    [InlineData("1.5e-3$1", "Number NumberedPlaceholder")]
    [InlineData("1E'\\''", "Number String")]
    [InlineData("$1$$a$$", "NumberedPlaceholder String")]
    [InlineData("$1$2", "NumberedPlaceholder NumberedPlaceholder")]
    [InlineData("$", "Symbol")]
    [InlineData("--a:b\n:b", "Comment Whitespace NamedPlaceholder")]
    [InlineData("--a:b\r:b", "Comment Whitespace NamedPlaceholder")]
    [InlineData("/* a /* b */ ' */'c'", "Comment String")]
    [InlineData("*/*/**/*/", "Symbol Comment")]
    [InlineData("/***/x", "Comment Word")]
    [InlineData("a::int", "Word Symbol Word")]
    [InlineData("f(a:=b)", "Word Symbol Word Symbol Word Symbol")]
    [InlineData("a[1:2]", "Word Symbol Number Symbol Number Symbol")]
    [InlineData("a[:n]", "Word Symbol NamedPlaceholder Symbol")]
    [InlineData("x:::n", "Word Symbol NamedPlaceholder")]
    [InlineData(":\u00e4\u6f22_1$x", "NamedPlaceholder Symbol Word")]
    [InlineData("a;;", "Word Semicolon Semicolon")]
    public void TryRead_Text_CutsWhereTheServerDoes(string sql, string kinds)
    {
        List<SqlToken> tokens = Read(sql);
        Assert.Equal(kinds, string.Join(' ', tokens.Select(token => token.Kind)));
        Assert.All(tokens, token => Assert.True(token.IsTerminated));
        AssertCovers(sql, tokens);
    }

    [Theory]
    [InlineData("'a\\'b'", "String")]
    [InlineData("'a'\n'\\''", "String")]
    [InlineData("N'a\\'b'", "Word String")]
    [InlineData("B'a\\'b", "String Word")]
    [InlineData("B'1''\\''", "String String")] // nor do doubled quotes stand for one
    [InlineData("B'1'\n'\\'b", "String Word")]
    [InlineData("\"a\\\"b", "QuotedName Word")]
    [InlineData("$$a\\$$b", "String Word")]
    public void TryRead_StandardStringsOff_BackslashEscapesInPlainStrings(string sql, string kinds) =>
        Assert.Equal(kinds, string.Join(' ', Read(sql, standardStrings: false).Select(token => token.Kind)));

    [Theory]
    [InlineData("'abc")]
    [InlineData("'abc''")]
    [InlineData("E'abc\\'")]
    [InlineData("E'abc\\")]
    [InlineData("\"abc")]
    [InlineData("$a$ $b$")]
    [InlineData("/* /* */")]
    [InlineData("/*/")]
    public void TryRead_TextEndsInsideAToken_SaysUnterminated(string sql)
    {
        SqlToken token = Assert.Single(Read(sql));
        Assert.False(token.IsTerminated);
        Assert.Equal(sql.Length, token.End);
    }

    [Theory]
    [InlineData("select 1 ; -- done\n ;/* x */ ", "select 1")]
    [InlineData("select ';--'", "select ';--'")]
    [InlineData("select 1; select 2;", "select 1; select 2")]
    [InlineData(" -- nothing", "")]
    [InlineData("", "")]
    public void TrimEnd_TrailingSemicolonsAndComments_AreCutOff(string sql, string expected) =>
        Assert.Equal(expected, SqlScanner.TrimEnd(sql).ToString());

    [Fact]
    public void TryRead_RandomText_CoversItWithoutGaps()
    {
        const string Alphabet = "'\"$\\:;-/*eE1a_ \n\r.&[]=\u00e9";
        const int Seed = 20240607;
        var random = new Random(Seed);
        for (int round = 0; round < 50_000; round++)
        {
            string sql = new(random.GetItems(Alphabet.AsSpan(), random.Next(24)));
            AssertCovers(sql, Read(sql));
        }
    }

    private static List<SqlToken> Read(string sql, bool standardStrings = true)
    {
        var tokens = new List<SqlToken>();
        var scanner = new SqlScanner(sql, standardStrings);
        while (scanner.TryRead(out SqlToken token))
        {
            tokens.Add(token);
        }

        return tokens;
    }

    private static void AssertCovers(string sql, List<SqlToken> tokens)
    {
        int at = 0;
        foreach (SqlToken token in tokens)
        {
            Assert.True(token.Start == at && token.End > at, $"Gap or empty token at {at} in: {sql}");
            at = token.End;
        }

        Assert.True(at == sql.Length, $"Stopped at {at} in: {sql}");
    }
}
