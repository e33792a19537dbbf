using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using StreamRuntime.Postgres.Tests.Transport;
using StreamRuntime.TestKit.Certificates;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>A connection that is cut never looks like a result that has ended.</summary>
public sealed class CutTests
{
    private const int Seed = 20_240_301;

    // Far above the second that is promised, because machines stall; a hang would be the progress timeout's 30 s.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);
    private static readonly PostgresOptions Options = new() { User = "postgres" };

    [Fact]
    public async Task Memory_EndAtEveryByte_IsAnErrorAfterAPrefix()
    {
        foreach (Conversation conversation in (Conversation[])[Conversation.Json(40), Conversation.Objects(12), Conversation.Wrapped(40)])
        {
            Outcome whole = await Outcome.ReadAsync(new MemoryServer(conversation.Parts), Options);
            for (int length = 0; length < conversation.Bytes; length++)
            {
                AssertCut(whole, await Outcome.ReadAsync(new MemoryServer(Cut(conversation, length)), Options), length);
            }

            Assert.True((await Outcome.ReadAsync(new MemoryServer(Cut(conversation, (int)conversation.Bytes)), Options)).IsComplete);
        }
    }

    [Theory]
    [InlineData(CutKind.Finish, false)]
    [InlineData(CutKind.Reset, false)]
    [InlineData(CutKind.Finish, true)]
    [InlineData(CutKind.Reset, true)]
    public async Task Socket_CutAtEveryByte_IsAnErrorInTime(CutKind kind, bool tls)
    {
        using var authority = new CertificateAuthority();
        using X509Certificate2 certificate = authority.IssueServer();
        Conversation conversation = Conversation.Json(60);
        Assert.True(conversation.Bytes > 2001, "a cut must come before the end");
        Outcome whole = await Outcome.ReadAsync(new MemoryServer(conversation.Parts), Options);
        IReadOnlyList<int> positions = TestRun.Positions(2000, 100, Seed);
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            c.CutAfter(positions[c.Number], kind);
            await conversation.PlayAsync(c, tls ? new ScriptedStartUp { Certificate = certificate } : null);
        });

        // Cut before the key has come, nothing can be cancelled; after it, the request meets the next script, which takes it for a session.
        PostgresOptions options = Outcome.OptionsFor(server) with { SslMode = tls ? SslMode.Require : SslMode.Disable };
        foreach (int position in positions)
        {
            long started = Stopwatch.GetTimestamp();
            Outcome cut = await Outcome.ReadAsync(options);
            TimeSpan took = Stopwatch.GetElapsedTime(started);
            AssertCut(whole, cut, position);
            Assert.True(took < Bound, $"cut at {position}: {took}");
            Assert.True(
                cut.Kind is ErrorKind.ConnectionLost or ErrorKind.ConnectFailed || (tls && cut.Kind == ErrorKind.Tls),
                $"cut at {position}: {cut.Error}");
        }

        Assert.Equal(positions.Count, server.Connections.Count);
    }

    private static void AssertCut(Outcome whole, Outcome cut, int position)
    {
        Assert.False(cut.IsComplete, $"cut at {position}: complete");
        Assert.True(cut.Kind is not (ErrorKind.Protocol or ErrorKind.Timeout or ErrorKind.Server), $"cut at {position}: {cut.Error}");
        Assert.True(whole.Output.AsSpan().StartsWith(cut.Output), $"cut at {position}: the rows are no prefix");
    }

    private static List<byte[]> Cut(Conversation conversation, int length)
    {
        var parts = new List<byte[]>();
        foreach (byte[] part in conversation.Parts)
        {
            parts.Add(part[..Math.Min(part.Length, length)]);
            length -= parts[^1].Length;
            if (length == 0 && parts[^1].Length < part.Length)
            {
                break;
            }
        }

        return parts;
    }
}
