using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using StreamRuntime.Postgres.Tests.Transport;
using StreamRuntime.TestKit.Certificates;
using StreamRuntime.TestKit.Servers;
using static StreamRuntime.TestKit.Servers.BackendMessages;

namespace StreamRuntime.Postgres.Tests.Hostile;

/// <summary>Logins that an honest server would not ask for, or that the options do not allow.</summary>
[Collection(AloneCollection.Name)]
public sealed class LoginTests
{
    private static readonly byte[] WrongFirst = BackendMessages.Authentication(11, "r=x,s=MDEyMw==,i=4096"u8);

    private static readonly Dictionary<string, ScramServer> Scrams = new()
    {
        ["iterations above the ceiling"] = new() { Iterations = "100001" },
        ["iterations of ten digits"] = new() { Iterations = "4294967296" },
        ["iterations of 2 billion"] = new() { Iterations = "2147483647" },
        ["no iterations"] = new() { Iterations = "0" },
        ["negative iterations"] = new() { Iterations = "-1" },
        ["salt above 1 KiB"] = new() { Salt = new byte[1025] },
        ["empty salt"] = new() { Salt = [] },
        ["nonce not ours"] = new() { Nonce = _ => "another" },
        ["nonce not extended"] = new() { Nonce = client => client },
        ["wrong signature"] = new() { Signature = s => [.. s[..31], (byte)(s[31] ^ 1)] },
        ["short signature"] = new() { Signature = s => s[..31] },
        ["no signature"] = new() { Final = BackendMessages.Authentication(12) },
        ["no final message"] = new() { Final = [] },
        ["ok for a first message"] = new() { First = AuthenticationOk },
        ["ok and another request"] = new() { First = BackendMessages.Authentication(12, "v="u8) },
        ["final message as an error"] = new() { Final = BackendMessages.Authentication(12, "e=other-error"u8) },
        ["first message twice"] = new() { Final = WrongFirst },
        ["second SASL request"] = new() { First = AuthenticationSasl("SCRAM-SHA-256") },
        ["clear text in the middle"] = new() { First = BackendMessages.Authentication(3) },
        ["unknown mechanism"] = new() { Mechanisms = ["OAUTHBEARER"] },
        ["no mechanism"] = new() { Mechanisms = [] },
        ["PLUS without TLS"] = new() { Mechanisms = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"] },
    };

    private static readonly Dictionary<string, (ErrorKind Kind, byte[] Messages)> Logins = new()
    {
        ["clear text"] = (ErrorKind.Authentication, BackendMessages.Authentication(3)),
        ["clear text with a tail"] = (ErrorKind.Protocol, BackendMessages.Authentication(3, 1)),
        ["md5"] = (ErrorKind.Authentication, BackendMessages.Authentication(5, 1, 2, 3, 4)),
        ["Kerberos"] = (ErrorKind.Authentication, BackendMessages.Authentication(2)),
        ["GSS"] = (ErrorKind.Authentication, BackendMessages.Authentication(7)),
        ["SSPI"] = (ErrorKind.Authentication, BackendMessages.Authentication(9)),
        ["unknown request"] = (ErrorKind.Authentication, BackendMessages.Authentication(int.MaxValue)),
        ["negative request"] = (ErrorKind.Authentication, BackendMessages.Authentication(-1)),
        ["SASL goes on unasked"] = (ErrorKind.Protocol, BackendMessages.Authentication(11, "r=x"u8)),
        ["SASL ends unasked"] = (ErrorKind.Protocol, BackendMessages.Authentication(12, "v=x"u8)),
        ["request cut short"] = (ErrorKind.Protocol, Raw('R', 0, 0, 0)),
        ["mechanisms without end"] = (ErrorKind.Protocol, BackendMessages.Authentication(10, "SCRAM-SHA-256\0"u8)),
        ["ok with a tail"] = (ErrorKind.Protocol, BackendMessages.Authentication(0, 0)),
        ["ok twice"] = (ErrorKind.Protocol, Join(AuthenticationOk, AuthenticationOk)),
        ["ready before ok"] = (ErrorKind.Protocol, ReadyForQuery()),
        ["key before ok"] = (ErrorKind.Protocol, BackendKeyData(1, 1, 2, 3, 4)),
        ["row before ok"] = (ErrorKind.Protocol, DataRow("1")),
        ["row after ok"] = (ErrorKind.Protocol, Join(AuthenticationOk, DataRow("1"))),
        ["key of 3 bytes"] = (ErrorKind.Protocol, Join(AuthenticationOk, BackendKeyData(1, 1, 2, 3))),
        ["key of 257 bytes"] = (ErrorKind.Protocol, Join(AuthenticationOk, BackendKeyData(1, new byte[257]))),
        ["ready with a wrong status"] = (ErrorKind.Protocol, Join(AuthenticationOk, ReadyForQuery('?'))),
        ["length -1"] = (ErrorKind.Protocol, RawWithLength('R', -1)),
        ["length 0"] = (ErrorKind.Protocol, RawWithLength('R', 0)),
        ["length 1 GiB"] = (ErrorKind.Protocol, RawWithLength('R', 1024 * 1024 * 1024)),
        ["length 2 GiB"] = (ErrorKind.Protocol, RawWithLength('E', int.MaxValue)),
        ["unknown message"] = (ErrorKind.Protocol, Raw('?')),
        ["another server's words"] = (ErrorKind.Protocol, [.. "HTTP/1.1 400 Bad Request\r\n\r\n"u8]),
        ["an old error"] = (ErrorKind.Protocol, [.. "EFATAL: no pg_hba.conf entry\0"u8]),
        ["refused"] = (ErrorKind.Server, ErrorResponse("28P01", "password authentication failed", "FATAL")),
        ["another encoding"] = (ErrorKind.Protocol, Join(AuthenticationOk, ParameterStatus("client_encoding", "SQL_ASCII"))),
        ["protocol below ours"] = (ErrorKind.Protocol, NegotiateProtocolVersion(2 << 16)),
    };

    public static TheoryData<string> ScramNames => [.. Scrams.Keys];

    public static TheoryData<string> LoginNames => [.. Logins.Keys];

    [Theory]
    [MemberData(nameof(ScramNames))]
    public async Task Scram_Dishonest_IsRefused(string name)
    {
        ScramServer scram = Scrams[name] with { };
        long started = Stopwatch.GetTimestamp();
        Outcome outcome = await HostileServer.MeetAsync(
            c => c.StartUpAsync(new ScriptedStartUp { Authentication = scram.AuthenticateAsync }), o => o with { ConnectTimeout = TimeSpan.FromSeconds(15) });
        Assert.True(outcome.Kind is ErrorKind.Authentication or ErrorKind.Protocol, outcome.Error?.ToString());

        // Two billion iterations are many minutes; refused before hashing they are none.
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(12));
    }

    [Theory]
    [MemberData(nameof(LoginNames))]
    public async Task Login_Malformed_IsRefused(string name)
    {
        (ErrorKind kind, byte[] messages) = Logins[name];
        Outcome outcome = await HostileServer.MeetAsync(async c =>
        {
            await HostileServer.HearStartUpAsync(c);
            await c.SendAsync(messages.AsMemory());
        });
        Assert.True(outcome.Kind == kind, $"{name}: {outcome.Error}");
        Assert.DoesNotContain("HTTP", outcome.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scram_Honest_LogsIn()
    {
        var scram = new ScramServer();
        Outcome outcome = await LogInAsync(new ScriptedStartUp { Authentication = scram.AuthenticateAsync }, o => o);
        Assert.True(outcome.IsComplete, outcome.Error?.ToString());
        Assert.Equal("SCRAM-SHA-256", scram.Heard[0]);
        Assert.StartsWith("n,,", scram.Heard[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scram_WrongPassword_ServerIsNotBelieved()
    {
        var scram = new ScramServer();
        Outcome outcome = await HostileServer.MeetAsync(
            c => c.StartUpAsync(new ScriptedStartUp { Authentication = scram.AuthenticateAsync }),
            o => o with { Password = "falsch", ConnectTimeout = TimeSpan.FromSeconds(15) });
        Assert.Equal(ErrorKind.Authentication, outcome.Kind);
    }

    [Theory]
    [InlineData(AuthenticationMethods.ClearText, 3, "geheim\0")]
    [InlineData(AuthenticationMethods.Md5, 5, "md5")]
    public async Task WeakPassword_OnlyWhereAllowed(AuthenticationMethods method, int request, string answer)
    {
        string heard = "";
        var startUp = new ScriptedStartUp
        {
            Authentication = async c =>
            {
                await c.SendAsync(BackendMessages.Authentication(request, request == 5 ? [1, 2, 3, 4] : []));
                heard = System.Text.Encoding.ASCII.GetString((await c.ExpectAsync("p"))[0].Body);
                await c.SendAsync(AuthenticationOk);
            },
        };
        Assert.True((await LogInAsync(startUp, o => o with { AllowedAuthentication = method })).IsComplete);
        Assert.StartsWith(answer, heard, StringComparison.Ordinal);
        heard = "";
        AuthenticationMethods others = (AuthenticationMethods)15 & ~method;
        Assert.Equal(ErrorKind.Authentication, (await HostileServer.MeetAsync(c => c.StartUpAsync(startUp), o => o with { AllowedAuthentication = others })).Kind);
        Assert.Equal("", heard);
    }

    [Fact]
    public async Task NoAuthentication_NotAllowed_IsRefused()
    {
        Outcome outcome = await HostileServer.MeetAsync(c => c.StartUpAsync(), o => o with { AllowedAuthentication = AuthenticationMethods.ScramSha256 });
        Assert.Equal(ErrorKind.Authentication, outcome.Kind);
    }

    [Fact]
    public async Task PasswordAsked_NoneGiven_SaysWhereToPutIt()
    {
        Outcome outcome = await HostileServer.MeetAsync(
            c => c.StartUpAsync(new ScriptedStartUp { Authentication = new ScramServer().AuthenticateAsync }), o => o with { Password = null });
        Assert.Equal(ErrorKind.Authentication, outcome.Kind);
        Assert.Contains("PGPASSWORD", outcome.Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("trust")]
    [InlineData("plain SCRAM")]
    [InlineData("clear text")]
    public async Task ChannelBindingRequired_ServerDoesWithout_IsRefused(string how)
    {
        using var authority = new CertificateAuthority();
        using X509Certificate2 certificate = authority.IssueServer();
        var startUp = new ScriptedStartUp
        {
            Certificate = certificate,
            Authentication = how switch
            {
                "trust" => c => c.SendAsync(AuthenticationOk),
                "clear text" => c => c.SendAsync(BackendMessages.Authentication(3)),
                _ => new ScramServer().AuthenticateAsync,
            },
        };
        Outcome outcome = await HostileServer.MeetAsync(
            c => c.StartUpAsync(startUp),
            o => o with { SslMode = SslMode.Require, ChannelBinding = ChannelBinding.Require, AllowedAuthentication = (AuthenticationMethods)15, ConnectTimeout = TimeSpan.FromSeconds(15) });
        Assert.Equal(ErrorKind.Authentication, outcome.Kind);
        Assert.Contains("channel_binding", outcome.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ChannelBindingRequired_ServerBinds_NamesItsCertificate()
    {
        using var authority = new CertificateAuthority();
        using X509Certificate2 certificate = authority.IssueServer();
        var scram = new ScramServer { Mechanisms = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"] };
        Outcome outcome = await LogInAsync(
            new ScriptedStartUp { Certificate = certificate, Authentication = scram.AuthenticateAsync },
            o => o with { SslMode = SslMode.Require, ChannelBinding = ChannelBinding.Require });
        Assert.True(outcome.IsComplete, outcome.Error?.ToString());
        Assert.Equal("SCRAM-SHA-256-PLUS", scram.Heard[0]);
        byte[] header = [.. "p=tls-server-end-point,,"u8, .. System.Security.Cryptography.SHA256.HashData(certificate.RawData)];
        Assert.StartsWith("c=" + Convert.ToBase64String(header), scram.Heard[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task NegotiatedVersionAndNoKey_AreLegal()
    {
        Outcome outcome = await LogInAsync(
            new ScriptedStartUp { Authentication = c => c.SendAsync(NegotiateProtocolVersion(0, "_pq_.x"), AuthenticationOk, NoticeResponse("hello")), Secret = null }, o => o);
        Assert.True(outcome.IsComplete, outcome.Error?.ToString());
    }

    private static async Task<Outcome> LogInAsync(ScriptedStartUp startUp, Func<PostgresOptions, PostgresOptions> adapt)
    {
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            await c.StartUpAsync(startUp);
            await c.ExpectAsync("PDH");
            await c.SendAsync(Conversation.DescribedJson);
            await c.ExpectAsync("BES");
            await c.SendAsync(Conversation.Result(DataRow("1")));
            await c.DrainAsync();
        });
        return await Outcome.ReadAsync(adapt(Outcome.OptionsFor(server) with { Password = ScramServer.Password }));
    }
}
