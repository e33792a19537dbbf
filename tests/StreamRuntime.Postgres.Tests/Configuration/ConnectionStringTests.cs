using System.Security.Authentication;
using StreamRuntime.Postgres.Configuration;

namespace StreamRuntime.Postgres.Tests.Configuration;

public sealed class ConnectionStringTests
{
    private readonly FakeSurroundings _surroundings = new();

    [Theory]
    [InlineData("", "/var/run/postgresql/.s.PGSQL.5432")]
    [InlineData("port=5433", "/var/run/postgresql/.s.PGSQL.5433")]
    [InlineData("host=", "/var/run/postgresql/.s.PGSQL.5432")]
    [InlineData("host=h", "h:5432")]
    [InlineData("host=/tmp/x port=1", "/tmp/x/.s.PGSQL.1")]
    [InlineData("host=@abstract", "@abstract/.s.PGSQL.5432")]
    [InlineData("postgres://%2Ftmp%2Fx:9/", "/tmp/x/.s.PGSQL.9")]
    [InlineData("postgres://[::1]:9/", "[::1]:9")]
    [InlineData("host=a,b,c", "a:5432 b:5432 c:5432")]
    [InlineData("host=a,b,c port=7", "a:7 b:7 c:7")]
    [InlineData("host=a,b,c port=7,,9", "a:7 b:5432 c:9")]
    [InlineData("host=a,,c", "a:5432 /var/run/postgresql/.s.PGSQL.5432 c:5432")]
    [InlineData("host=a,/tmp/x", "a:5432 /tmp/x/.s.PGSQL.5432")]
    [InlineData("postgres://h1:1,h2,h3:3/", "h1:1 h2:5432 h3:3")]
    [InlineData("hostaddr=127.0.0.1,::1", "127.0.0.1:5432 [::1]:5432")]
    [InlineData("host=a,b hostaddr=127.0.0.1,::1 port=1,2", "a:1=127.0.0.1 b:2=::1")]
    [InlineData("host=a,b hostaddr=127.0.0.1,", "a:5432=127.0.0.1 b:5432")]
    [InlineData("host=/tmp/x hostaddr=127.0.0.1", "/tmp/x:5432=127.0.0.1")]
    [InlineData("host=h port=' 5 '", "h:5")]
    public void Hosts_BecomeEndpoints(string text, string expected)
    {
        string actual = string.Join(' ', _surroundings.Parse(text).Endpoints.Select(endpoint =>
            endpoint + (endpoint.Address is { } address && address != endpoint.Host ? $"={address}" : "")));
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void NoHost_WithoutSocketFolder_IsLocalhost()
    {
        _surroundings.HasSocketFolder = false;
        Assert.Equal("localhost:5432", Assert.Single(_surroundings.Parse("").Endpoints).ToString());
    }

    [Theory]
    [InlineData("host=a,b hostaddr=127.0.0.1", "2 host names")]
    [InlineData("host=a,b,c port=1,2", "2 port numbers")]
    [InlineData("host=a port=1,2", "2 port numbers")]
    [InlineData("port=0", "port")]
    [InlineData("port=65536", "port")]
    [InlineData("port=x", "port")]
    [InlineData("hostaddr=localhost", "hostaddr")]
    [InlineData("connect_timeout=", "connect_timeout")]
    [InlineData("connect_timeout=1s", "connect_timeout")]
    [InlineData("connect_timeout=99999999999", "connect_timeout")]
    [InlineData("keepalives=yes", "keepalives")]
    [InlineData("sslmode=requir", "sslmode \"requir\" is not one of disable, allow, prefer, require, verify-ca, verify-full")]
    [InlineData("sslmode=", "sslmode")]
    [InlineData("sslmode=Require", "sslmode")]
    [InlineData("channel_binding=yes", "channel_binding")]
    [InlineData("sslmode=disable channel_binding=require", "channel_binding")]
    [InlineData("target_session_attrs=master", "target_session_attrs")]
    [InlineData("load_balance_hosts=yes", "load_balance_hosts")]
    [InlineData("sslrootcert=system sslmode=require host=h", "verify-full")]
    [InlineData("sslnegotiation=direct host=h", "sslnegotiation")]
    [InlineData("sslnegotiation=tls", "sslnegotiation")]
    [InlineData("sslmode=verify-ca host=h", "sslrootcert")]
    [InlineData("sslmode=require sslrootcert=/no host=h", "sslrootcert")]
    [InlineData("ssl_min_protocol_version=SSLv3", "ssl_min_protocol_version")]
    [InlineData("ssl_max_protocol_version=TLSv1.1", "ssl_max_protocol_version")]
    [InlineData("ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2", "ssl_min_protocol_version")]
    [InlineData("statement_timeout=-1", "statement_timeout")]
    [InlineData("statement_timeout=1w", "statement_timeout")]
    [InlineData("statement_timeout=25d", "statement_timeout")]
    [InlineData("cancel_timeout=0", "CancelTimeout")]
    [InlineData("scram_max_iterations=many", "scram_max_iterations")]
    [InlineData("scram_max_iterations=100", "MaxScramIterations")]
    [InlineData("client_encoding=LATIN1", "UTF8")]
    [InlineData("gssencmode=require", "GSSAPI")]
    [InlineData("gssencmode=maybe", "gssencmode")]
    [InlineData("sslcrl=/x", "sslcrl")]
    [InlineData("sslsni=0", "sslsni")]
    [InlineData("sslcertmode=require", "sslcertmode")]
    [InlineData("requirepeer=postgres", "requirepeer")]
    [InlineData("replication=database", "replication")]
    [InlineData("min_protocol_version=3.2", "min_protocol_version")]
    [InlineData("nonsense=1", "\"nonsense\"")]
    [InlineData("sslmod=require", "did you mean sslmode?")]
    [InlineData("postgres://h/?Host=x", "did you mean host?")]
    [InlineData("postgres://h/?timeout=1", "\"timeout\"")]
    [InlineData("service=nowhere", "service")]
    public void Parse_WhatCannotBeUsed_NamesIt(string text, string named) => AssertRefused(text, named);

    [Theory]
    [InlineData("password=hunter2 two=3", "hunter2", "two")]
    [InlineData("password=hunter2 two", "hunter2", "two")]
    [InlineData("password='hunter2", "hunter2", "hunter")]
    [InlineData("postgres://me:hun/ter2@h/db", "hun", "ter2")]
    [InlineData("postgres://me:hun@ter2@h/db", "hun", "ter2")]
    [InlineData("postgres://me:hun%ter2@h/db", "hun", "ter2")]
    [InlineData("postgres://h/db?password=hun&ter2=x", "hun", "ter2")]
    [InlineData("postgres://h/db?password=hun=ter2", "hun", "ter2")]
    [InlineData("sslmode=require'password=hunter2'", "hunter2", "hunter2")]
    public void Parse_Refused_ShowsNothingOfThePassword(string text, string part, string otherPart)
    {
        var failure = Assert.Throws<StreamRuntimeException>(() => _surroundings.Parse(text));
        Assert.DoesNotContain(part, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(otherPart, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ToString_ShowsNoPassword()
    {
        _surroundings.Files["/home/me/.pgpass"] = "*:*:*:*:hunter2";
        Assert.DoesNotContain("hunter2", _surroundings.Parse("host=h").ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", _surroundings.Parse("host=h password=hunter2").ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_EverythingGiven_IsInTheOptions()
    {
        PostgresOptions options = _surroundings.Parse(
            "postgres://u%40x:p%3Aw@h/d?connect_timeout=7&keepalives=0&keepalives_idle=1&keepalives_interval=2&keepalives_count=3"
            + "&tcp_user_timeout=4000&sslmode=require&sslnegotiation=direct&channel_binding=require&require_auth=scram-sha-256"
            + "&target_session_attrs=prefer-standby&load_balance_hosts=random&application_name=app&options=-c%20geqo%3Doff"
            + "&statement_timeout=1.5s&cancel_timeout=250&scram_max_iterations=5000&ssl_min_protocol_version=TLSv1.3"
            + "&gssencmode=prefer&krbsrvname=x&sslcompression=1&sslsni=1&client_encoding=utf-8&replication=false");
        Assert.Equal("u@x", options.User);
        Assert.Equal("p:w", options.Password);
        Assert.Equal("d", options.Database);
        Assert.Equal(TimeSpan.FromSeconds(7), options.ConnectTimeout);
        Assert.False(options.TcpKeepAlive);
        Assert.Equal(TimeSpan.FromSeconds(1), options.TcpKeepAliveIdle);
        Assert.Equal(TimeSpan.FromSeconds(2), options.TcpKeepAliveInterval);
        Assert.Equal(3, options.TcpKeepAliveCount);
        Assert.Equal(TimeSpan.FromSeconds(4), options.TcpUserTimeout);
        Assert.Equal(SslMode.Require, options.SslMode);
        Assert.True(options.SslDirect);
        Assert.Equal(SslProtocols.Tls13, options.TlsVersions);
        Assert.Equal(ChannelBinding.Require, options.ChannelBinding);
        Assert.Equal(AuthenticationMethods.ScramSha256, options.AllowedAuthentication);
        Assert.Equal(TargetSessionAttributes.PreferStandby, options.TargetSessionAttributes);
        Assert.True(options.LoadBalanceHosts);
        Assert.Equal("app", options.ApplicationName);
        Assert.Equal("-c geqo=off", options.SessionOptions);
        Assert.Equal(TimeSpan.FromMilliseconds(1500), options.StatementTimeout);
        Assert.Equal(TimeSpan.FromMilliseconds(250), options.CancelTimeout);
        Assert.Equal(5000, options.MaxScramIterations);
    }

    [Fact]
    public void Parse_NothingGiven_IsTheDefaults()
    {
        PostgresOptions options = _surroundings.Parse("");
        var defaults = new PostgresOptions();
        Assert.Equal("me", options.User);
        Assert.Null(options.Database);
        Assert.Null(options.Password);
        Assert.Equal(SslMode.Prefer, options.SslMode);
        Assert.Equal(ChannelBinding.Prefer, options.ChannelBinding);
        Assert.Equal(SslProtocols.Tls12 | SslProtocols.Tls13, options.TlsVersions);
        Assert.Equal(defaults.AllowedAuthentication, options.AllowedAuthentication);
        Assert.Equal(TimeSpan.FromSeconds(10), options.ConnectTimeout);
        Assert.Null(options.StatementTimeout);
        Assert.Equal(defaults.ApplicationName, options.ApplicationName);
        Assert.Empty(options.SessionParameters);
        Assert.Empty(options.Warnings);
        Assert.True(options.TcpKeepAlive);
        Assert.Null(options.TcpKeepAliveIdle);
    }

    [Theory]
    [InlineData("0", 10_000)]
    [InlineData("-5", 10_000)]
    [InlineData("1", 2_000)]
    [InlineData("2", 2_000)]
    [InlineData(" 30 ", 30_000)]
    [InlineData("2147483647", -1)]
    public void ConnectTimeout_IsInSeconds(string seconds, int expectedMs) =>
        Assert.Equal(TimeSpan.FromMilliseconds(expectedMs), _surroundings.Parse($"connect_timeout='{seconds}'").ConnectTimeout);

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1500", 1500)]
    [InlineData("1500ms", 1500)]
    [InlineData("30 s", 30_000)]
    [InlineData("5min", 300_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("2000us", 2)]
    [InlineData("0.5s", 500)]
    public void StatementTimeout_TakesPostgresUnits(string text, int expectedMs) =>
        Assert.Equal(TimeSpan.FromMilliseconds(expectedMs), _surroundings.Parse($"statement_timeout='{text}'").StatementTimeout);

    [Theory]
    [InlineData("scram-sha-256", AuthenticationMethods.ScramSha256)]
    [InlineData("md5,password", AuthenticationMethods.Md5 | AuthenticationMethods.ClearText)]
    [InlineData("none,scram-sha-256", AuthenticationMethods.None | AuthenticationMethods.ScramSha256)]
    [InlineData("gss,scram-sha-256", AuthenticationMethods.ScramSha256)]
    [InlineData("!password", AuthenticationMethods.None | AuthenticationMethods.ScramSha256 | AuthenticationMethods.Md5)]
    [InlineData("!none,!password,!md5", AuthenticationMethods.ScramSha256)]
    [InlineData("!gss,!sspi", AuthenticationMethods.None | AuthenticationMethods.ScramSha256 | AuthenticationMethods.Md5 | AuthenticationMethods.ClearText)]
    [InlineData("", AuthenticationMethods.ScramSha256 | AuthenticationMethods.None)]
    public void RequireAuth_SaysWhatIsAllowed(string list, AuthenticationMethods expected) =>
        Assert.Equal(expected, _surroundings.Parse($"require_auth='{list}'").AllowedAuthentication);

    [Theory]
    [InlineData("gss")]
    [InlineData("sspi,gss")]
    [InlineData("md5,!password")]
    [InlineData("!md5,password")]
    [InlineData("md5,md5")]
    [InlineData("md5,")]
    [InlineData("MD5")]
    [InlineData("!scram-sha-256,!md5,!password,!none")]
    public void RequireAuth_ThatMakesNoSense_IsRefused(string list) => AssertRefused($"require_auth='{list}'", "require_auth");

    [Fact]
    public void Variables_FillWhatTheStringLeavesOut()
    {
        foreach ((string name, string value) in new Dictionary<string, string>
        {
            ["PGHOST"] = "a,b", ["PGPORT"] = "1,2", ["PGUSER"] = "eve", ["PGPASSWORD"] = "pw", ["PGDATABASE"] = "d", ["PGSSLMODE"] = "disable",
            ["PGAPPNAME"] = "app", ["PGOPTIONS"] = "-c x=y", ["PGCONNECT_TIMEOUT"] = "3", ["PGTARGETSESSIONATTRS"] = "primary",
            ["PGLOADBALANCEHOSTS"] = "random", ["PGREQUIREAUTH"] = "md5", ["PGCHANNELBINDING"] = "disable", ["PGCLIENTENCODING"] = "UTF8",
            ["PGTZ"] = "Europe/Berlin", ["PGDATESTYLE"] = "ISO", ["PGGEQO"] = "default",
        })
        {
            _surroundings.Variables[name] = value;
        }

        PostgresOptions options = _surroundings.Parse("user=bob");
        Assert.Equal("a:1 b:2", string.Join(' ', options.Endpoints));
        Assert.Equal(("bob", "pw", "d"), (options.User, options.Password, options.Database));
        Assert.Equal(SslMode.Disable, options.SslMode);
        Assert.Equal(("app", "-c x=y"), (options.ApplicationName, options.SessionOptions));
        Assert.Equal(TimeSpan.FromSeconds(3), options.ConnectTimeout);
        Assert.Equal(TargetSessionAttributes.Primary, options.TargetSessionAttributes);
        Assert.True(options.LoadBalanceHosts);
        Assert.Equal(AuthenticationMethods.Md5, options.AllowedAuthentication);
        Assert.Equal(ChannelBinding.Disable, options.ChannelBinding);
        Assert.Equal([new("datestyle", "ISO"), new("timezone", "Europe/Berlin")], options.SessionParameters);

        Assert.Equal("d", _surroundings.Parse("postgres:///").Database); // an empty part is one not given
        _surroundings.Variables["PGCLIENTENCODING"] = "LATIN1";
        AssertRefused("", "PGCLIENTENCODING");
    }

    [Theory]
    [InlineData("", null, SslMode.Require)]
    [InlineData("", "allow", SslMode.Allow)]
    [InlineData("sslmode=prefer", null, SslMode.Prefer)]
    public void PgRequireSsl_IsWeakerThanSslMode(string text, string? variable, SslMode expected)
    {
        _surroundings.Variables["PGREQUIRESSL"] = "1";
        if (variable is not null)
        {
            _surroundings.Variables["PGSSLMODE"] = variable;
        }

        Assert.Equal(expected, _surroundings.Parse(text).SslMode);
    }

    [Theory]
    [InlineData("", "streamruntime")]
    [InlineData("fallback_application_name=fallback", "fallback")]
    [InlineData("fallback_application_name=fallback application_name=app", "app")]
    [InlineData("application_name=''", null)]
    public void ApplicationName_HasItsFallbacks(string text, string? expected) => Assert.Equal(expected, _surroundings.Parse(text).ApplicationName);

    [Fact]
    public void DatabaseName_ThatLooksLikeAConnectionString_IsAName()
    {
        Assert.Equal("host=x", _surroundings.Parse("postgres://h/host=x").Database);
        Assert.Equal("postgres://x/y", _surroundings.Parse("dbname=postgres://x/y").Database);
    }

    [Fact]
    public void Parse_Nul_IsRefused() => AssertRefused("user=a\0b", "NUL");

    [Fact]
    public void Parse_Null_IsMisuse() => Assert.Throws<ArgumentNullException>(() => ConnectionString.Parse(null!));

    [Fact]
    public void Parse_LongSocketFolder_IsRefused() => AssertRefused($"host=/{new string('x', 100)}", "socket");

    [Fact]
    public void Parse_RandomMutations_ThrowOnlyConfigurationErrors()
    {
        const int Seed = 4711;
        var mutator = new TextMutator(Seed);
        string[] seeds =
        [
            .. LibpqComparisonTests.Seeds,
            "host=h require_auth=!md5,!none statement_timeout=5min sslmode=verify-full ssl_min_protocol_version=TLSv1.2",
            "postgres://h/?service=one&scram_max_iterations=4096&cancel_timeout=1s&client_encoding=auto",
        ];
        int accepted = 0;
        for (int i = 0; i < 20_000; i++)
        {
            _surroundings.Files["/home/me/.pgpass"] = mutator.Mutate(["localhost:5432:*:me:a\\:b\n#x\n", "*:*:*:*:\\", "a\\:b:1:d:u:p:q"]);
            _surroundings.Files["/home/me/.pg_service.conf"] = mutator.Mutate(["[one]\nhost=h\nport=1\n[two]\nuser=x", "# x\n[one]\r\nsslmode=require\r\n"]);
            string text = mutator.Mutate(seeds);
            try
            {
                _surroundings.Parse(text);
                accepted++;
            }
            catch (StreamRuntimeException failure) when (failure.Kind == ErrorKind.Configuration)
            {
                Assert.DoesNotContain("secret", failure.Message, StringComparison.Ordinal); // a password among the seeds
            }
        }

        Assert.True(accepted > 2_000, $"seed {Seed}: only {accepted} were accepted");
    }

    private void AssertRefused(string text, string named)
    {
        var failure = Assert.Throws<StreamRuntimeException>(() => _surroundings.Parse(text));
        Assert.Equal(ErrorKind.Configuration, failure.Kind);
        Assert.Contains(named, failure.Message, StringComparison.OrdinalIgnoreCase);
    }
}
