using System.Security.Cryptography.X509Certificates;
using StreamRuntime.Postgres.Tests.Transport;
using StreamRuntime.TestKit.Certificates;
using StreamRuntime.TestKit.Servers;
using StreamRuntime.TestKit.Streams;

namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>However the network cuts the server's bytes, the rows are the same.</summary>
public sealed class SegmentationTests
{
    private const int Seed = 20_240_229;
    private static readonly PostgresOptions Options = new() { User = "postgres" };

    public static TheoryData<string> Conversations => ["json", "objects", "wrapped", "failing"];

    [Theory]
    [MemberData(nameof(Conversations))]
    public async Task Memory_SplitAtEveryPosition_RowsAreTheSame(string name)
    {
        Conversation conversation = Named(name, 40);
        Outcome whole = await Outcome.ReadAsync(new MemoryServer(conversation.Parts), Options);
        Assert.Equal(name == "failing", !whole.IsComplete);
        Assert.Equal(40, whole.Rows);
        for (int position = 0; position <= Math.Min(2000, conversation.Bytes); position++)
        {
            Outcome split = await Outcome.ReadAsync(
                new DribbleStream(new MemoryServer(conversation.Parts), Segmentation.SplitAt(position), completesLater: position % 2 == 0), Options);
            AssertSame(whole, split);
        }
    }

    [Theory]
    [InlineData("json", 1)]
    [InlineData("json", 7)]
    [InlineData("objects", 1)]
    [InlineData("objects", 7)]
    public async Task Memory_Fragments_RowsAreTheSame(string name, int fragmentBytes)
    {
        Conversation conversation = Named(name, name == "json" ? 13_000 : 4_000);
        Assert.True(conversation.Bytes >= 500_000, $"{conversation.Bytes} bytes are too few");
        Outcome whole = await Outcome.ReadAsync(new MemoryServer(conversation.Parts), Options);
        Outcome pieces = await Outcome.ReadAsync(new DribbleStream(new MemoryServer(conversation.Parts), Segmentation.Fragments(fragmentBytes)), Options);
        Assert.True(whole.IsComplete);
        AssertSame(whole, pieces);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Socket_SplitAtEveryPosition_RowsAreTheSame(bool tls)
    {
        using var authority = new CertificateAuthority();
        using X509Certificate2 certificate = authority.IssueServer();
        Conversation conversation = Named("json", 40);
        Outcome whole = await Outcome.ReadAsync(new MemoryServer(conversation.Parts), Options);
        IReadOnlyList<int> positions = TestRun.Positions(2000, 60, Seed);
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            c.Segment(Segmentation.SplitAt(positions[c.Number]));
            await conversation.PlayAsync(c, tls ? new ScriptedStartUp { Certificate = certificate } : null);
        });
        PostgresOptions options = Outcome.OptionsFor(server) with { SslMode = tls ? SslMode.Require : SslMode.Disable };
        for (int i = 0; i < positions.Count; i++)
        {
            AssertSame(whole, await Outcome.ReadAsync(options));
        }
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 7)]
    [InlineData(true, 1)]
    [InlineData(true, 7)]
    public async Task Socket_Fragments_RowsAreTheSame(bool tls, int fragmentBytes)
    {
        using var authority = new CertificateAuthority();
        using X509Certificate2 certificate = authority.IssueServer();
        Conversation conversation = Named("json", TestRun.IsFull ? 13_000 : 1_200 * fragmentBytes);
        Outcome whole = await Outcome.ReadAsync(new MemoryServer(conversation.Parts), Options);
        await using ScriptedServer server = ScriptedServer.Start(async c =>
        {
            c.Segment(Segmentation.Fragments(fragmentBytes), waitUntilRead: TestRun.IsFull);
            await conversation.PlayAsync(c, tls ? new ScriptedStartUp { Certificate = certificate } : null);
        });
        AssertSame(whole, await Outcome.ReadAsync(Outcome.OptionsFor(server) with { SslMode = tls ? SslMode.Require : SslMode.Disable }));
    }

    private static Conversation Named(string name, int rows) => name switch
    {
        "objects" => Conversation.Objects(rows),
        "wrapped" => Conversation.Wrapped(rows),
        "failing" => Conversation.Failing(rows),
        _ => Conversation.Json(rows),
    };

    private static void AssertSame(Outcome whole, Outcome split)
    {
        Assert.Equal(whole.Error?.Message, split.Error?.Message);
        Assert.Equal(whole.Rows, split.Rows);
        Assert.True(whole.Output.AsSpan().SequenceEqual(split.Output), "the rows differ");
    }
}
