using System.Runtime.Versioning;
using StreamRuntime.Postgres.Configuration;

namespace StreamRuntime.Postgres.Tests.Configuration;

public sealed class PasswordFileTests
{
    private readonly FakeSurroundings _surroundings = new();

    [Theory]
    [InlineData("h:5432:d:u:pw", "pw")]
    [InlineData("*:*:*:*:pw", "pw")]
    [InlineData("h:*:d:*:pw", "pw")]
    [InlineData("h*:5432:d:u:pw", null)] // an asterisk is the whole field or nothing
    [InlineData("x:5432:d:u:pw", null)]
    [InlineData("h:1:d:u:pw", null)]
    [InlineData("h:5432:x:u:pw", null)]
    [InlineData("h:5432:d:x:pw", null)]
    [InlineData("hh:5432:d:u:pw", null)]
    [InlineData("h:5432:d:u", null)]
    [InlineData("h:5432:d:u:", "")]
    [InlineData("#h:5432:d:u:no\nh:5432:d:u:pw", "pw")]
    [InlineData(" #\n\n\r\nh:5432:d:u:pw\r\n", "pw")]
    [InlineData("h:5432:d:u:first\nh:5432:d:u:second", "first")]
    [InlineData("h:5432:d:u:a\\:b\\\\c", "a:b\\c")]
    [InlineData("h:5432:d:u:a:b", "a")] // the rest is a further field
    [InlineData("h:5432:d:u:a\\", "a\\")]
    [InlineData("\\h:5432:d:u:pw", "pw")]
    [InlineData("h\\:5432:d:u:pw", null)]
    [InlineData("\\*:5432:d:u:pw", null)]
    [InlineData("h:5432:d:u: pw ", " pw ")]
    [InlineData("", null)]
    public void Find_FollowsLibpq(string text, string? expected) => Assert.Equal(expected, PasswordFile.Find(text, "h", "5432", "d", "u"));

    [Theory]
    [InlineData("::1:5432:d:u:pw", "::1")]
    [InlineData(@"\:\:1:5432:d:u:pw", "::1")]
    [InlineData(@"a\\b:5432:d:u:pw", @"a\b")]
    [InlineData("*:5432:d:u:pw", "*")]
    public void Find_SignsInAField_NeedNoEscapeButMayHaveOne(string text, string host) => Assert.Equal("pw", PasswordFile.Find(text, host, "5432", "d", "u"));

    [Fact]
    public void Passwords_AreEachEndpointsOwn()
    {
        _surroundings.Files["/home/me/.pgpass"] = "a:1:me:me:one\nb:2:me:me:two\nlocalhost:3:me:me:three\n10.0.0.1:4:me:me:four\n/tmp/x:5:me:me:five";
        PostgresOptions options = _surroundings.Parse("host=a,b,,,/tmp/x,c hostaddr=,,,10.0.0.1,, port=1,2,3,4,5,6");
        Assert.Equal(["one", "two", "three", "four", "five", null], options.Endpoints.Select(endpoint => endpoint.Password));
        Assert.Null(options.Password);
    }

    [Fact]
    public void DatabaseAndUser_AreTheOnesUsed()
    {
        _surroundings.Files["/home/me/.pgpass"] = "h:5432:bob:bob:one\nh:5432:d:me:two";
        Assert.Equal("one", _surroundings.Parse("host=h user=bob").Endpoints[0].Password);
        Assert.Equal("two", _surroundings.Parse("host=h dbname=d").Endpoints[0].Password);
    }

    [Fact]
    public void EmptyPassword_IsNone()
    {
        _surroundings.Files["/home/me/.pgpass"] = "*:*:*:*:\n*:*:*:*:second";
        Assert.Null(_surroundings.Parse("host=h").Endpoints[0].Password);
    }

    [Theory]
    [InlineData("host=h password=given", "given")]
    [InlineData("host=h password=''", null)] // as good as none
    public void GivenPassword_LeavesTheFileAlone(string text, string? expected)
    {
        _surroundings.Files["/home/me/.pgpass"] = "*:*:*:*:file";
        PostgresOptions options = _surroundings.Parse(text);
        Assert.Equal(expected, options.Password);
        Assert.Equal(expected is null ? "file" : null, options.Endpoints[0].Password);
    }

    [Fact]
    public void Path_IsPassfileThenVariableThenHome()
    {
        _surroundings.Files["/home/me/.pgpass"] = "*:*:*:*:home";
        _surroundings.Files["/v"] = "*:*:*:*:variable";
        _surroundings.Files["/k"] = "*:*:*:*:key";
        Assert.Equal("home", _surroundings.Parse("").Endpoints[0].Password);
        _surroundings.Variables["PGPASSFILE"] = "/v";
        Assert.Equal("variable", _surroundings.Parse("").Endpoints[0].Password);
        Assert.Equal("key", _surroundings.Parse("passfile=/k").Endpoints[0].Password);
        Assert.Null(_surroundings.Parse("passfile=/missing").Endpoints[0].Password);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.GroupExecute)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    [InlineData(UnixFileMode.OtherExecute)]
    public void AccessForOthers_MakesItIgnoredWithAWarning(UnixFileMode mode)
    {
        _surroundings.Files["/home/me/.pgpass"] = "*:*:*:*:home";
        _surroundings.Modes["/home/me/.pgpass"] = UnixFileMode.UserRead | mode;
        PostgresOptions options = _surroundings.Parse("");
        Assert.Null(options.Endpoints[0].Password);
        Assert.Contains("/home/me/.pgpass", Assert.Single(options.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void RealFile_ItsModeCounts_ThroughALinkToo()
    {
        string folder = Directory.CreateTempSubdirectory("pgpass").FullName;
        try
        {
            string file = Path.Combine(folder, "passwords");
            string link = Path.Combine(folder, "link");
            File.WriteAllText(file, "h:5432:*:*:pw\n");
            File.CreateSymbolicLink(link, file);
            foreach (string path in (string[])[file, link])
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                PostgresOptions options = ConnectionString.Parse($"host=h user=u dbname=d passfile='{path}'");
                Assert.Equal("pw", options.Password ?? options.Endpoints[0].Password);
                Assert.Empty(options.Warnings);

                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
                Assert.Single(ConnectionString.Parse($"host=h user=u dbname=d passfile='{path}'").Warnings);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
