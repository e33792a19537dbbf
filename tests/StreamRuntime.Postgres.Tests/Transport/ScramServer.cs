using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Transport;

/// <summary>The server's side of SCRAM-SHA-256, honest unless told otherwise.</summary>
internal sealed record ScramServer
{
    public const string Password = "geheim";

    public string[] Mechanisms { get; init; } = ["SCRAM-SHA-256"];

    public byte[] Salt { get; init; } = [.. "0123456789abcdef"u8];

    public string Iterations { get; init; } = "4096";

    public Func<string, string> Nonce { get; init; } = client => client + "server";

    public Func<byte[], byte[]> Signature { get; init; } = signature => signature;

    /// <summary>Sent in place of the final message with the signature, where given.</summary>
    public byte[]? Final { get; init; }

    /// <summary>Sent in place of the message with salt and count, where given.</summary>
    public byte[]? First { get; init; }

    /// <summary>What the client said, in order.</summary>
    public List<string> Heard { get; } = [];

    public async Task AuthenticateAsync(ScriptedConnection connection)
    {
        await connection.SendAsync(BackendMessages.AuthenticationSasl(Mechanisms));
        byte[] initial = (await connection.ExpectAsync("p"))[0].Body;
        int end = Array.IndexOf(initial, (byte)0);
        Heard.Add(Encoding.ASCII.GetString(initial, 0, end));
        string clientFirst = Encoding.ASCII.GetString(initial.AsSpan(end + 5, BinaryPrimitives.ReadInt32BigEndian(initial.AsSpan(end + 1))));
        Heard.Add(clientFirst);
        string bare = clientFirst[clientFirst.IndexOf("n=", StringComparison.Ordinal)..];
        string nonce = Nonce(bare[(bare.IndexOf("r=", StringComparison.Ordinal) + 2)..]);
        string serverFirst = $"r={nonce},s={Convert.ToBase64String(Salt)},i={Iterations}";
        if (First is not null)
        {
            await connection.SendAsync(First);
        }
        else
        {
            await connection.SendAsync(BackendMessages.Authentication(11, Encoding.ASCII.GetBytes(serverFirst)));
        }

        string clientFinal = Encoding.ASCII.GetString((await connection.ExpectAsync("p"))[0].Body);
        Heard.Add(clientFinal);
        int iterations = int.Parse(Iterations, System.Globalization.CultureInfo.InvariantCulture);
        byte[] salted = Rfc2898DeriveBytes.Pbkdf2(Password, Salt, iterations, HashAlgorithmName.SHA256, 32);
        byte[] serverKey = HMACSHA256.HashData(salted, "Server Key"u8);
        string unproven = clientFinal[..clientFinal.LastIndexOf(",p=", StringComparison.Ordinal)];
        byte[] signature = HMACSHA256.HashData(serverKey, Encoding.ASCII.GetBytes($"{bare},{serverFirst},{unproven}"));
        await connection.SendAsync(
            Final ?? BackendMessages.Authentication(12, Encoding.ASCII.GetBytes("v=" + Convert.ToBase64String(Signature(signature)))),
            BackendMessages.AuthenticationOk);
    }
}
