namespace StreamRuntime.Postgres.Tests.Configuration;

public sealed class TlsReaderTests
{
    private const string Folder = "/home/me/.postgresql/";

    private readonly FakeSurroundings _surroundings = new();

    [Fact]
    public void FilesInTheUsersFolder_AreTheDefaults()
    {
        _surroundings.Files[Folder + "root.crt"] = "";
        _surroundings.Files[Folder + "postgresql.crt"] = "";
        _surroundings.Files[Folder + "postgresql.key"] = "";
        PostgresOptions options = _surroundings.Parse("host=h sslmode=require sslpassword=x");
        Assert.Equal(SslMode.Require, options.SslMode); // with a root file, this checks the certificate
        Assert.Equal(Folder + "root.crt", options.SslRootCertificateFile);
        Assert.Equal(Folder + "postgresql.crt", options.SslCertificateFile);
        Assert.Equal(Folder + "postgresql.key", options.SslKeyFile);
        Assert.Equal("x", options.SslKeyPassword);

        Assert.Null(_surroundings.Parse("host=h sslmode=disable").SslRootCertificateFile);
        Assert.Null(_surroundings.Parse("host=h sslcertmode=disable").SslCertificateFile);
    }

    [Fact]
    public void NamedFiles_WinOverTheUsers()
    {
        foreach (string path in (string[])[Folder + "root.crt", Folder + "postgresql.crt", Folder + "postgresql.key", "/r", "/c", "/k"])
        {
            _surroundings.Files[path] = "";
        }

        _surroundings.Variables["PGSSLROOTCERT"] = "/r";
        _surroundings.Variables["PGSSLCERT"] = "/c";
        _surroundings.Variables["PGSSLKEY"] = "/k";
        PostgresOptions options = _surroundings.Parse("host=h sslmode=verify-ca");
        Assert.Equal(("/r", "/c", "/k"), (options.SslRootCertificateFile, options.SslCertificateFile, options.SslKeyFile));
    }

    [Fact]
    public void Key_WithoutAFile_IsInTheCertificates()
    {
        _surroundings.Files["/c"] = "";
        Assert.Null(_surroundings.Parse("host=h sslcert=/c").SslKeyFile);
        Assert.Throws<StreamRuntimeException>(() => _surroundings.Parse("host=h sslcert=/c sslkey=/missing"));
    }

    [Fact]
    public void MissingFiles_ThatDoNotWeakenWhatWasAsked_AreWarnedOf()
    {
        PostgresOptions options = _surroundings.Parse("host=h sslmode=prefer sslrootcert=/missing sslcert=/missing");
        Assert.Null(options.SslRootCertificateFile);
        Assert.Null(options.SslCertificateFile);
        Assert.Equal(2, options.Warnings.Count);
    }

    [Fact]
    public void SystemStore_MakesVerifyFullTheDefault()
    {
        PostgresOptions options = _surroundings.Parse("host=h sslrootcert=system");
        Assert.Equal((SslMode.VerifyFull, "system"), (options.SslMode, options.SslRootCertificateFile));
    }

    [Fact]
    public void VerifyFull_WithoutARootFile_UsesTheSystems()
    {
        PostgresOptions options = _surroundings.Parse("host=h sslmode=verify-full");
        Assert.Equal((SslMode.VerifyFull, null), (options.SslMode, options.SslRootCertificateFile));
    }

    [Fact]
    public void UnixSockets_NeedNoFiles() => Assert.Equal(SslMode.VerifyCa, _surroundings.Parse("sslmode=verify-ca").SslMode);
}
