namespace StreamRuntime.Postgres.Tests.Configuration;

/// <summary>Options built in code, past the connection string's own checks.</summary>
public sealed class PostgresOptionsTests
{
    private static readonly PostgresEndpoint Tcp = PostgresEndpoint.Tcp("db.example", 5432);
    private static readonly PostgresEndpoint Unix = PostgresEndpoint.UnixSocket("/var/run/postgresql", 5432);

    // The system's store holds every public authority: without a look at the name, any of their certificates would do.
    [Theory]
    [InlineData(SslMode.VerifyCa, null)]
    [InlineData(SslMode.VerifyCa, "")]
    [InlineData(SslMode.VerifyCa, "system")]
    [InlineData(SslMode.Require, "system")]
    [InlineData(SslMode.Prefer, "system")]
    [InlineData(SslMode.Disable, "system")]
    public void Validate_SystemStoreWithoutTheName_IsRefused(SslMode mode, string? root)
    {
        var options = new PostgresOptions { Endpoints = [Unix, Tcp], SslMode = mode, SslRootCertificateFile = root };
        var error = Assert.Throws<StreamRuntimeException>(options.Validate);
        Assert.Equal(ErrorKind.Configuration, error.Kind);
        Assert.Contains("SslRootCertificateFile", error.Message, StringComparison.Ordinal);
        Assert.Contains("VerifyFull", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SslMode.VerifyCa, "/roots.pem")]
    [InlineData(SslMode.VerifyFull, "/roots.pem")]
    [InlineData(SslMode.VerifyFull, "system")]
    [InlineData(SslMode.VerifyFull, null)]
    [InlineData(SslMode.Require, null)]
    [InlineData(SslMode.Prefer, "/roots.pem")]
    public void Validate_RootsThatSuitTheMode_AreTaken(SslMode mode, string? root) =>
        new PostgresOptions { Endpoints = [Tcp], SslMode = mode, SslRootCertificateFile = root }.Validate();

    [Fact]
    public void Validate_VerifyCaOnUnixSockets_NeedsNoRoots() => new PostgresOptions { Endpoints = [Unix], SslMode = SslMode.VerifyCa }.Validate();

    [Theory]
    [InlineData(SslMode.Disable)]
    [InlineData(SslMode.Allow)]
    [InlineData(SslMode.Prefer)]
    public void Validate_DirectTlsThatMayBeLeftOut_IsRefused(SslMode mode)
    {
        var error = Assert.Throws<StreamRuntimeException>(new PostgresOptions { Endpoints = [Tcp], SslMode = mode, SslDirect = true }.Validate);
        Assert.Equal(ErrorKind.Configuration, error.Kind);
        Assert.Contains("SslDirect", error.Message, StringComparison.Ordinal);
        Assert.Contains("Require", error.Message, StringComparison.Ordinal);
        Assert.Contains(mode.ToString(), error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SslMode.Require)]
    [InlineData(SslMode.VerifyFull)]
    public void Validate_DirectTlsThatIsDemanded_IsTaken(SslMode mode) => new PostgresOptions { Endpoints = [Tcp], SslMode = mode, SslDirect = true }.Validate();

    [Fact]
    public void Validate_PreparedStatements_HaveRanges()
    {
        Assert.Contains("PrepareThreshold", Assert.Throws<StreamRuntimeException>(new PostgresOptions { PrepareThreshold = -1 }.Validate).Message, StringComparison.Ordinal);
        Assert.Contains("MaxPreparedStatements", Assert.Throws<StreamRuntimeException>(new PostgresOptions { MaxPreparedStatements = 0 }.Validate).Message, StringComparison.Ordinal);
        new PostgresOptions { PrepareThreshold = 0, MaxPreparedStatements = 1 }.Validate();
    }
}
