using StreamRuntime.AspNetCore.Bridging.Backends;

namespace StreamRuntime.AspNetCore.Tests.Bridging.Backends;

public sealed class SshArgumentsTests
{
    private static readonly SshBackendOptions Valid = new() { Host = "host", User = "user", IdentityFile = "/k/id", KnownHostsFile = "/k/known hosts" };

    [Theory]
    [InlineData("-oProxyCommand=x")]
    [InlineData("a b")]
    [InlineData("a@b")]
    [InlineData("a;b")]
    [InlineData("$(a)")]
    [InlineData("ssh://a")]
    [InlineData("")]
    [InlineData("a\nb")]
    public void Validate_UnsafeHostOrUser_IsRefused(string name)
    {
        Assert.Contains("Host", Refusal(Valid with { Host = name }), StringComparison.Ordinal);
        Assert.Contains("User", Refusal(Valid with { User = name }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("relative")]
    [InlineData("/a\"b")]
    [InlineData("/a%h")]
    [InlineData("/a${HOME}")]
    [InlineData("~/a")]
    [InlineData("-a")]
    [InlineData("")]
    public void Validate_UnsafePath_IsRefused(string path)
    {
        Assert.Contains("IdentityFile", Refusal(Valid with { IdentityFile = path }), StringComparison.Ordinal);
        Assert.Contains("KnownHostsFile", Refusal(Valid with { KnownHostsFile = path }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-x")]
    [InlineData("a\0b")]
    public void Validate_UnsafeCommand_IsRefused(string command) => Assert.Contains("Command", Refusal(Valid with { Command = command }), StringComparison.Ordinal);

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("::1")]
    [InlineData("a-b.example")]
    public void Validate_Host_IsTaken(string host) => (Valid with { Host = host }).Validate();

    [Fact]
    public void Arguments_OfACommand_NameEverythingThatMustNotDependOnTheAccount()
    {
        string[] arguments = [.. SshArguments.Arguments(Valid with { Command = "echo $HOME; ls", Port = 2222 })];
        Assert.Equal(["--", "host", "echo $HOME; ls"], arguments[^3..]);
        Assert.Equal(["-F", "none", "-e", "none", "-T"], arguments[..5]);
        foreach (string setting in new[]
        {
            "BatchMode=yes", "StrictHostKeyChecking=yes", "UserKnownHostsFile=\"/k/known hosts\"", "GlobalKnownHostsFile=none", "IdentityFile=\"/k/id\"", "IdentitiesOnly=yes",
            "ClearAllForwardings=yes", "ExitOnForwardFailure=yes", "PermitLocalCommand=no", "ConnectTimeout=10", "ServerAliveInterval=15",
        })
        {
            int at = Array.IndexOf(arguments, setting);
            Assert.True(at > 0 && arguments[at - 1] == "-o", setting);
        }

        Assert.Contains("-tt", SshArguments.Arguments(Valid with { AllocateTerminal = true }));
        Assert.False(SshArguments.StartInfo(Valid).UseShellExecute);
    }

    private static string Refusal(SshBackendOptions options)
    {
        var failure = Assert.Throws<StreamRuntimeException>(options.Validate);
        Assert.Equal(ErrorKind.Configuration, failure.Kind);
        return failure.Message;
    }
}
