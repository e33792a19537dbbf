namespace StreamRuntime.Postgres.Tests.Configuration;

public sealed class ServiceFileTests
{
    private const string Own = "/home/me/.pg_service.conf";
    private const string Shared = "/etc/postgresql-common/pg_service.conf";

    private readonly FakeSurroundings _surroundings = new();

    [Fact]
    public void Service_StandsBetweenTheStringAndTheVariables()
    {
        _surroundings.Files[Own] = "# comment\n[other]\nhost=no\n\n[one]\r\n  host=h\r\nuser=service\nport=7  \n[one]\nport=8";
        _surroundings.Variables["PGPORT"] = "9";
        _surroundings.Variables["PGDATABASE"] = "d";
        PostgresOptions options = _surroundings.Parse("service=one user=me");
        Assert.Equal("h:7", options.Endpoints[0].ToString());
        Assert.Equal(("me", "d"), (options.User, options.Database));
    }

    [Fact]
    public void File_IsTheNamedOneThenTheUsersThenTheShared()
    {
        _surroundings.Variables["PGSERVICE"] = "one";
        _surroundings.Files[Shared] = "[one]\nhost=shared";
        Assert.Equal("shared", _surroundings.Parse("").Endpoints[0].Host);
        _surroundings.Files[Own] = "[two]\nhost=no";
        Assert.Equal("shared", _surroundings.Parse("").Endpoints[0].Host);
        _surroundings.Files[Own] = "[one]\nhost=own";
        Assert.Equal("own", _surroundings.Parse("").Endpoints[0].Host);
        _surroundings.Files["/named"] = "[one]\nhost=named";
        _surroundings.Variables["PGSERVICEFILE"] = "/named";
        Assert.Equal("named", _surroundings.Parse("").Endpoints[0].Host);
        _surroundings.Files["/etc2/pg_service.conf"] = "[three]\nhost=moved";
        _surroundings.Variables["PGSYSCONFDIR"] = "/etc2";
        Assert.Equal("moved", _surroundings.Parse("service=three").Endpoints[0].Host);
    }

    [Theory]
    [InlineData("[one]\nhost", "line 2")]
    [InlineData("[one]\n\nnonsense=1", "line 3")]
    [InlineData("[one]\nhost = h", "line 2")]
    [InlineData("[one]\nservice=two", "another")]
    [InlineData("[one]\nldap://x/y?z?one?w", "LDAP")]
    [InlineData("[two]\nhost=h", "no service file")]
    [InlineData("[onetwo]\nhost=h", "no service file")]
    public void File_Malformed_IsRefused(string text, string named)
    {
        _surroundings.Files[Own] = text;
        var failure = Assert.Throws<StreamRuntimeException>(() => _surroundings.Parse("service=one"));
        Assert.Equal(ErrorKind.Configuration, failure.Kind);
        Assert.Contains(named, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NamedFile_Missing_IsRefused()
    {
        _surroundings.Variables["PGSERVICEFILE"] = "/missing";
        _surroundings.Files[Shared] = "[one]\nhost=shared";
        var failure = Assert.Throws<StreamRuntimeException>(() => _surroundings.Parse("service=one"));
        Assert.Contains("/missing", failure.Message, StringComparison.Ordinal);
    }
}
