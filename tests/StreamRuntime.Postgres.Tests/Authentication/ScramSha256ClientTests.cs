using System.Security.Cryptography;
using System.Text;
using StreamRuntime.Postgres.Authentication;

namespace StreamRuntime.Postgres.Tests.Authentication;

public sealed class ScramSha256ClientTests
{
    // RFC 7677, section 3.
    private const string Nonce = "rOprNGfwEbeRWgbNEkqO";
    private const string ServerFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    private const string ClientFinal =
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    private const string ServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
    private const string Salt = "W22ZaJ0SNY7soEsUEjb6gQ==";

    [Fact]
    public void Exchange_OfRfc7677_MatchesByteForByte()
    {
        ScramSha256Client client = Client();
        Assert.Equal("SCRAM-SHA-256", client.Mechanism);
        Assert.Equal($"n,,n=user,r={Nonce}", Encoding.ASCII.GetString(client.CreateFirstMessage()));
        Assert.Equal(ClientFinal, Encoding.ASCII.GetString(client.Respond(Bytes(ServerFirst))));
        Assert.False(client.IsVerified);
        client.VerifyFinal(Bytes(ServerFinal));
        Assert.True(client.IsVerified);
    }

    [Theory]
    [InlineData((byte)ScramBinding.None, "n,,")]
    [InlineData((byte)ScramBinding.NotOffered, "y,,")]
    [InlineData((byte)ScramBinding.ServerEndPoint, "p=tls-server-end-point,,")]
    public void Exchange_WithAServer_Verifies(byte binding, string header)
    {
        byte[] data = RandomNumberGenerator.GetBytes(32);
        var client = new ScramSha256Client("p\u00B5ss", (ScramBinding)binding, data, 10_000);
        string first = Encoding.UTF8.GetString(client.CreateFirstMessage());
        Assert.StartsWith(header + "n=,r=", first, StringComparison.Ordinal);
        string bare = first[header.Length..];
        string nonce = bare["n=,r=".Length..];
        Assert.Equal(24, nonce.Length);

        string serverFirst = $"r={nonce}x,s={Salt},i=10000";
        string final = Encoding.UTF8.GetString(client.Respond(Bytes(serverFirst)));
        bool isBound = (ScramBinding)binding == ScramBinding.ServerEndPoint;
        string expectedBinding = Convert.ToBase64String([.. Bytes(header), .. isBound ? data : []]);
        Assert.StartsWith($"c={expectedBinding},r={nonce}x,p=", final, StringComparison.Ordinal);
        Assert.Equal(isBound ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256", client.Mechanism);

        string signed = $"{bare},{serverFirst},{final[..final.LastIndexOf(",p=", StringComparison.Ordinal)]}";
        (byte[] storedKey, byte[] serverKey) = Keys("p\u03BCss", 10_000);
        byte[] clientKey = [.. Convert.FromBase64String(final[(final.LastIndexOf(",p=", StringComparison.Ordinal) + 3)..])
            .Zip(HMACSHA256.HashData(storedKey, Bytes(signed)), (a, b) => (byte)(a ^ b))];
        Assert.Equal(storedKey, SHA256.HashData(clientKey));

        client.VerifyFinal(Bytes("v=" + Convert.ToBase64String(HMACSHA256.HashData(serverKey, Bytes(signed)))));
        Assert.True(client.IsVerified);
    }

    [Fact]
    public void Nonce_OfTwoClients_Differs() =>
        Assert.NotEqual(
            new ScramSha256Client("x", ScramBinding.None, null, 4096).CreateFirstMessage(),
            new ScramSha256Client("x", ScramBinding.None, null, 4096).CreateFirstMessage());

    [Theory]
    [InlineData("")]
    [InlineData("r=")]
    [InlineData("x=1,r={n}x,s={s},i=4096")]
    [InlineData("m=ext,r={n}x,s={s},i=4096")] // a mandatory extension
    [InlineData("r={n}x,m=ext,s={s},i=4096")]
    [InlineData("r={n},s={s},i=4096")] // nonce not extended
    [InlineData("r=r{n}x,s={s},i=4096")] // not ours in front
    [InlineData("r=ROprNGfwEbeRWgbNEkqOx,s={s},i=4096")]
    [InlineData("r={n}\u0001,s={s},i=4096")]
    [InlineData("r={n} x,s={s},i=4096")]
    [InlineData("r={n}x")]
    [InlineData("r={n}x,s={s}")]
    [InlineData("r={n}x,i=4096,s={s}")]
    [InlineData("r={n}x,s=,i=4096")]
    [InlineData("r={n}x,s=W22ZaJ0SNY7soEsUEjb6gQ,i=4096")] // no padding
    [InlineData("r={n}x,s=W22ZaJ0SNY7soEsUEjb6gR==,i=4096")] // stray bits
    [InlineData("r={n}x,s=W22Z aJ0SNY7soEsUEjb6gQ==,i=4096")]
    [InlineData("r={n}x,s=W22Z\naJ0SNY7soEsUEjb6gQ==,i=4096")]
    [InlineData("r={n}x,s=W22Z*J0SNY7soEsUEjb6gQ==,i=4096")]
    [InlineData("r={n}x,s={s},i=")]
    [InlineData("r={n}x,s={s},i=0")]
    [InlineData("r={n}x,s={s},i=-1")]
    [InlineData("r={n}x,s={s},i=+4096")]
    [InlineData("r={n}x,s={s},i=04096")]
    [InlineData("r={n}x,s={s},i=4096 ")]
    [InlineData("r={n}x,s={s},i=0x10")]
    [InlineData("r={n}x,s={s},i=4096,")]
    [InlineData("r={n}x,s={s},i=4096,x=1")]
    [InlineData("r={n}x,s={s},i=4096\0")]
    [InlineData("e=other-error")]
    public void Respond_Malformed_IsRefused(string message)
    {
        ScramSha256Client client = Begun();
        AssertRefused(() => client.Respond(Bytes(message.Replace("{n}", Nonce, StringComparison.Ordinal).Replace("{s}", Salt, StringComparison.Ordinal))));
        AssertRefused(() => client.Respond(Bytes(ServerFirst))); // no second chance
        Assert.False(client.IsVerified);
    }

    // Hashing first would keep the first of these busy for minutes.
    [Theory]
    [InlineData("999999999")]
    [InlineData("100001")]
    [InlineData("4294967297")]
    [InlineData("99999999999999999999999999999999")]
    public void Respond_TooManyIterations_IsRefusedByName(string iterations)
    {
        StreamRuntimeException failure = AssertRefused(() => Begun().Respond(Bytes($"r={Nonce}x,s={Salt},i={iterations}")));
        Assert.Contains("100000", failure.Message, StringComparison.Ordinal);
        Assert.Contains("scram_max_iterations", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(1024, true)]
    [InlineData(1025, false)]
    [InlineData(1026, false)]
    [InlineData(100_000, false)]
    public void Respond_SaltsLength_HasALimit(int bytes, bool isAllowed)
    {
        byte[] message = Bytes($"r={Nonce}x,s={Convert.ToBase64String(new byte[bytes])},i=1");
        if (isAllowed)
        {
            Assert.NotEmpty(Begun().Respond(message));
        }
        else
        {
            AssertRefused(() => Begun().Respond(message));
        }
    }

    [Fact]
    public void Respond_EndlessNonce_IsRefused() => AssertRefused(() => Begun().Respond(Bytes($"r={Nonce}{new string('x', 5000)},s={Salt},i=1")));

    [Theory]
    [InlineData("")]
    [InlineData("v=")]
    [InlineData("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")]
    [InlineData("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=,")]
    [InlineData("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=,x=1")]
    [InlineData("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4")]
    [InlineData("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=")] // the same bytes, with stray bits
    [InlineData("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95A==")]
    [InlineData("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=\0")]
    [InlineData("m=x,v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")]
    [InlineData("e=invalid-proof")]
    public void VerifyFinal_Malformed_IsRefused(string message)
    {
        ScramSha256Client client = Begun();
        client.Respond(Bytes(ServerFirst));
        AssertRefused(() => client.VerifyFinal(Bytes(message)));
        AssertRefused(() => client.VerifyFinal(Bytes(ServerFinal))); // no second chance
        Assert.False(client.IsVerified);
    }

    [Theory]
    [InlineData("e=invalid-proof", "invalid-proof")]
    [InlineData("e=\u001b[2Jpwned", null)]
    public void VerifyFinal_ServersError_IsShownOnlyIfAWord(string message, string? shown)
    {
        ScramSha256Client client = Begun();
        client.Respond(Bytes(ServerFirst));
        StreamRuntimeException failure = AssertRefused(() => client.VerifyFinal(Bytes(message)));
        Assert.DoesNotContain('\u001b', failure.Message);
        Assert.Contains(shown ?? "refused", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Exchange_WithAnyByteOfTheServersMessagesChanged_NeverVerifies()
    {
        for (int i = 0; i < ServerFirst.Length + ServerFinal.Length; i++)
        {
            foreach (int bit in (int[])[0, 5, 7])
            {
                byte[] first = Bytes(ServerFirst);
                byte[] final = Bytes(ServerFinal);
                (i < first.Length ? ref first[i] : ref final[i - first.Length]) ^= (byte)(1 << bit);
                ScramSha256Client client = Begun();
                AssertRefused(() =>
                {
                    client.Respond(first);
                    client.VerifyFinal(final);
                });
                Assert.False(client.IsVerified);
            }
        }
    }

    [Fact]
    public void Exchange_WithTheWrongPassword_DoesNotVerify()
    {
        var client = new ScramSha256Client("pencil2", ScramBinding.None, null, 100_000, () => Nonce, "user");
        client.CreateFirstMessage();
        Assert.NotEqual(ClientFinal, Encoding.ASCII.GetString(client.Respond(Bytes(ServerFirst))));
        AssertRefused(() => client.VerifyFinal(Bytes(ServerFinal)));
    }

    // Steps: c = CreateFirstMessage, r = Respond, v = VerifyFinal. All of these are out of turn at their last step.
    [Theory]
    [InlineData("r")]
    [InlineData("v")]
    [InlineData("cc")]
    [InlineData("cv")]
    [InlineData("crr")]
    [InlineData("crc")]
    [InlineData("crvv")]
    [InlineData("crvr")]
    [InlineData("crvc")]
    public void Step_OutOfTurn_IsRefusedAndUndoesVerification(string steps)
    {
        ScramSha256Client client = Client();
        void Step(char step)
        {
            switch (step)
            {
                case 'c': client.CreateFirstMessage(); break;
                case 'r': client.Respond(Bytes(ServerFirst)); break;
                default: client.VerifyFinal(Bytes(ServerFinal)); break;
            }
        }

        foreach (char step in steps[..^1])
        {
            Step(step);
        }

        AssertRefused(() => Step(steps[^1]));
        Assert.False(client.IsVerified);
    }

    [Fact]
    public void UserName_WithReservedSigns_IsEscaped()
    {
        var client = new ScramSha256Client("x", ScramBinding.None, null, 4096, () => "abc", "a=b,c");
        Assert.Equal("n,,n=a=3Db=2Cc,r=abc", Encoding.ASCII.GetString(client.CreateFirstMessage()));
    }

    private static ScramSha256Client Client() => new("pencil", ScramBinding.None, null, 100_000, () => Nonce, "user");

    private static ScramSha256Client Begun()
    {
        ScramSha256Client client = Client();
        client.CreateFirstMessage();
        return client;
    }

    private static (byte[] StoredKey, byte[] ServerKey) Keys(string password, int iterations)
    {
        byte[] salted = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), Convert.FromBase64String(Salt), iterations, HashAlgorithmName.SHA256, 32);
        return (SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8)), HMACSHA256.HashData(salted, "Server Key"u8));
    }

    private static StreamRuntimeException AssertRefused(Action action)
    {
        var failure = Assert.Throws<StreamRuntimeException>(action);
        Assert.Equal(ErrorKind.Authentication, failure.Kind);
        Assert.DoesNotContain("pencil", failure.Message, StringComparison.Ordinal);
        return failure;
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
