using System.Globalization;
using StreamRuntime.Postgres.Tests.Transport;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Servers;
using StreamRuntime.TestKit.Streams;
using Xunit.Abstractions;

namespace StreamRuntime.Postgres.Tests.Hostile;

/// <summary>Spoilt conversations by the million: whatever a server says, the client ends with the rows before it and an error of ours.</summary>
public sealed class WireFuzzTests(ITestOutputHelper output)
{
    private const int BlockCases = 1000;

    // Small, so that a length that lies within the limit does not make every case pay for a large buffer.
    private static readonly JsonRowStreamOptions StreamOptions = new() { MaxRowBytes = 40_000 };
    private static readonly PostgresOptions Options = new() { User = "postgres", Password = "geheim", AllowedAuthentication = (AuthenticationMethods)15 };

    private static readonly Conversation[] Conversations =
    [
        Conversation.Json(6), Conversation.Objects(4), Conversation.Wrapped(3), Conversation.Failing(3), Conversation.Json(0), Sasl(), Conversation.Json(2, 2_000),
        Conversation.Repeated(Conversation.Json(4), Json), Conversation.Repeated(Conversation.Json(4), Json, known: Text),
        Conversation.Repeated(Conversation.Failing(3), Text, known: Json),
    ];

    private static byte[] Json => BackendMessages.RowDescription(("data", Conversation.JsonOid));

    private static byte[] Text => BackendMessages.RowDescription(("data", 25));

    [Fact]
    public async Task MutatedConversation_EndsWithOurErrorOrWithRows()
    {
        int cases = TestRun.IsFull ? 10_000_000 : 120_000;
        long failed = 0;
        await RunAsync(cases, async (seed, random) =>
        {
            Conversation conversation = Conversations[random.Next(Conversations.Length)];
            List<byte[]> parts = WireMutator.Mutate(conversation, random);
            Outcome outcome = await ReadAsync(new MemoryServer(parts), seed, keepRows: false, conversation.Known);
            if (!outcome.IsComplete)
            {
                Interlocked.Increment(ref failed);
            }
        });
        output.WriteLine($"{failed} of {cases} conversations failed");
        Assert.InRange(failed, cases / 4, cases - 1);
    }

    [Fact]
    public async Task MutatedConversation_InPieces_IsTheSameAsWhole()
    {
        int cases = TestRun.IsFull ? 200_000 : 10_000;
        await RunAsync(cases, async (seed, random) =>
        {
            Conversation conversation = Conversations[random.Next(Conversations.Length)];
            IReadOnlyList<byte[]> parts = random.Next(4) == 0 ? conversation.Parts : WireMutator.Mutate(conversation, random);
            int[] sizes = [.. Enumerable.Range(0, 1 + random.Next(8)).Select(_ => 1 + random.Next(random.Next(2) == 0 ? 8 : 300))];
            Outcome whole = await ReadAsync(new MemoryServer(parts), seed, keepRows: true, conversation.Known);
            Outcome pieces = await ReadAsync(new DribbleStream(new MemoryServer(parts), Segmentation.Sizes(sizes)), seed, keepRows: true, conversation.Known);
            Assert.True(whole.Output.AsSpan().SequenceEqual(pieces.Output), $"seed {seed}: {whole.Rows} rows against {pieces.Rows}");
            Assert.True(IsSameEnd(whole, pieces), $"seed {seed}: {whole.Error?.Message} against {pieces.Error?.Message}");
        });
    }

    // A row that is both too large and malformed is refused for the one when it has begun to come, for the other when it is all there. And
    // what was sent ahead of its turn is seen as such, whole or cut off, only when it has come together with the turn before.
    private static bool IsSameEnd(Outcome whole, Outcome pieces) =>
        whole.Error?.Message == pieces.Error?.Message
        || (whole.Error is not null && pieces.Error is not null && (pieces.Kind == ErrorKind.RowTooLarge || whole.Kind is ErrorKind.Protocol or ErrorKind.ConnectionLost));

    private static async Task<Outcome> ReadAsync(Stream server, int seed, bool keepRows, byte[]? known)
    {
        try
        {
            return await Outcome.ReadAsync(server, Options, StreamOptions, keepRows, known);
        }
        catch (Exception other)
        {
            throw new InvalidOperationException($"Seed {seed.ToString(CultureInfo.InvariantCulture)}: no error of ours.", other);
        }
    }

    private static Task RunAsync(int cases, Func<int, Random, Task> run) => Parallel.ForEachAsync(
        Enumerable.Range(0, cases / BlockCases),
        new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
        async (block, _) =>
        {
            for (int i = 0; i < BlockCases; i++)
            {
                int seed = (block * BlockCases) + i;
                await run(seed, new Random(seed));
            }
        });

    // It fails at the nonce at the latest; what is tried is the reading before that.
    private static Conversation Sasl() => new(
    [
        BackendMessages.AuthenticationSasl("SCRAM-SHA-256"),
        BackendMessages.Authentication(11, "r=abcdefghijklmnopqrstuvwxserver,s=MDEyMzQ1Njc4OWFiY2RlZg==,i=1"u8),
        BackendMessages.Join(BackendMessages.Authentication(12, "v=MDEyMw=="u8), BackendMessages.AuthenticationOk, BackendMessages.ReadyForQuery()),
    ]);
}
