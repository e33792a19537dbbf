using StreamRuntime.Postgres.Configuration;

namespace StreamRuntime.Postgres.Tests.Configuration;

/// <summary>What the text of a connection string says, by us and by the libpq that psql uses.</summary>
public sealed class LibpqComparisonTests
{
    internal static readonly string[] Seeds =
    [
        "",
        "   ",
        "host=localhost port=5432 dbname=mydb connect_timeout=10",
        "user = bob password='it''s' dbname=x",
        @"password='a\'b\\c' user=a\ b",
        "host= user=bob",
        "host='' port='1,2'",
        "host=a,b,c port=1,2,3 hostaddr=::1,127.0.0.1,10.0.0.1",
        "user='a'dbname=b",
        "requiressl=1 sslmode=disable",
        "sslmode=disable\trequiressl=0\n",
        @"password=trailing\",
        "options='-c geqo=off -c x=y' application_name=x",
        "postgresql://",
        "postgresql://localhost",
        "postgresql://localhost:5433",
        "postgresql://localhost/mydb",
        "postgresql://user@localhost",
        "postgresql://user:secret@localhost",
        "postgresql://other@localhost/otherdb?connect_timeout=10&application_name=myapp",
        "postgresql://host1:123,host2:456/somedb?target_session_attrs=any&application_name=myapp",
        "postgresql://%2Fvar%2Flib%2Fpostgresql/dbname",
        "postgresql:///mydb?host=localhost&port=5433",
        "postgresql://[2001:db8::1234]/database",
        "postgres://[::1]:1,[::2],h:3/?ssl=true",
        "postgres://u%40x:p%3Aw@h/d%2Fb?options=-c%20geqo%3Doff",
        "postgres://:@:/?",
        "postgres://@/",
        "postgres://h/?user=a&user=b",
        "postgres://a,,b:1,:2/d",
        "postgres://h%2Ci:1%2C2/d",
        "postgres:///d?a=b=c",
        "postgres:///d?sslmode",
        "postgres:///d?sslmode=require&",
        "postgres://h?user=b/c@d",
    ];

    public static TheoryData<string> SeedData() => new(Seeds);

    [Theory]
    [MemberData(nameof(SeedData))]
    [InlineData("user")]
    [InlineData("=x")]
    [InlineData("user name=x")]
    [InlineData("password='open")]
    [InlineData("nonsense=1")]
    [InlineData("postgres://[::1")]
    [InlineData("postgres://[]/")]
    [InlineData("postgres://[::1]x/")]
    [InlineData("postgres://h/%zz")]
    [InlineData("postgres://h/%4")]
    [InlineData("postgres://h/%00")]
    [InlineData("postgres://h/?nonsense=1")]
    [InlineData("postgres://h/?ssl=false")]
    [InlineData("postgres://h/?&")]
    [InlineData("postgres://h/?user=a&&port=1")]
    [InlineData("POSTGRES://h/")]
    public void Text_GivesTheSameKeys(string text) => Compare(text);

    [Fact]
    public void Text_OfRandomMutations_GivesTheSameKeys()
    {
        const int Seed = 20260708;
        var mutator = new TextMutator(Seed);
        int accepted = 0;
        for (int i = 0; i < 20_000; i++)
        {
            accepted += Compare(mutator.Mutate(Seeds)) ? 1 : 0;
        }

        Assert.True(accepted > 2_000, $"seed {Seed}: only {accepted} of the mutations are accepted, so the comparison says little");
    }

    [Fact]
    public void Keywords_AreAllKnownWithTheirVariables()
    {
        Dictionary<string, string?> ours = ConnectionKeywords.All.ToDictionary();
        Assert.All(Libpq.Keywords(), theirs => Assert.Equal(theirs.Value, Assert.Contains(theirs.Key, (IDictionary<string, string?>)ours)));
    }

    /// <summary>True when both accept the text.</summary>
    private static bool Compare(string text)
    {
        Dictionary<string, string>? theirs = Libpq.Parse(text);
        Dictionary<string, string>? ours = null;
        string message = "";
        try
        {
            ConnectionValues values = ConnectionString.ReadText(text);
            ours = ConnectionKeywords.All.Where(pair => values[pair.Key] is not null).ToDictionary(pair => pair.Key, pair => values[pair.Key]!);
        }
        catch (StreamRuntimeException failure)
        {
            Assert.Equal(ErrorKind.Configuration, failure.Kind);
            message = failure.Message;
        }

        // We refuse an @ in a URI's host and what is no UTF-8; libpq does not.
        if (theirs is not null && ours is null && (message.Contains("host holds an @", StringComparison.Ordinal) || message.Contains("UTF-8", StringComparison.Ordinal)))
        {
            return false;
        }

        Assert.True(theirs is null == ours is null, $"libpq {(theirs is null ? "refuses" : "accepts")} and we do not: {text}");
        if (theirs is not null)
        {
            Assert.Equal(theirs.OrderBy(pair => pair.Key, StringComparer.Ordinal), ours!.OrderBy(pair => pair.Key, StringComparer.Ordinal));
        }

        return theirs is not null;
    }
}
