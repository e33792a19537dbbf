using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using StreamRuntime.Resuming;
using StreamRuntime.Sources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Streams;
using StreamRuntime.TestKit.Timing;
using StreamRuntime.Tests.Streams;
using Xunit.Abstractions;

namespace StreamRuntime.Tests.Resuming;

public sealed class ResumeTokenTests(ITestOutputHelper output)
{
    private static readonly byte[] s_key = RandomNumberGenerator.GetBytes(32);
    private readonly ManualTimeProvider _time = new();

    public static TheoryData<string, string> Refusals => new()
    {
        { "empty", "no token" },
        { "white space", "no token" },
        { "padding", "no token" },
        { "other characters", "no token" },
        { "too long", "no token" },
        { "spare bits", "no token" },
        { "other version", "version 2" },
        { "cut off", "not authentic" },
        { "longer", "not authentic" },
        { "other key", "not authentic" },
        { "made up", "not authentic" },
        { "other content", "not one of ours" },
        { "expired", "expired at 2000-01-02 00:00:00 UTC" },
        { "other query", "another query" },
        { "other parameters", "other parameter values" },
    };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(9)]
    public async Task Token_AfterSomeRows_ContinuesRightAfterThem(int taken)
    {
        string token = await TokenAfterAsync(taken);
        await using JsonRowStream resumed = Stream(new NumberedRowSource(10), o => o with { ResumeFrom = token });
        Assert.Equal(Numbers(taken + 1, 10), await Rows.AllAsync(resumed));

        // The rows before count in the next token, and the end is a place too.
        await using JsonRowStream atEnd = Stream(new NumberedRowSource(10), o => o with { ResumeFrom = resumed.GetResumeToken() });
        Assert.Equal(StreamState.Complete, atEnd.State);
        Assert.Empty(await Rows.AllAsync(atEnd));
        Assert.Equal(10, ResumeToken.Read(Tokens(), _time, new NumberedRowSource(1).Fingerprint, atEnd.GetResumeToken()).Rows);
    }

    [Theory]
    [InlineData("paused")]
    [InlineData("parked")]
    [InlineData("parked, with a reader")]
    [InlineData("disposed")]
    [InlineData("failed")]
    [InlineData("parked and failed")]
    [InlineData("cancelled")]
    public async Task Token_OfAStreamThatStandsStill_ContinuesRightAfterItsLastRow(string how)
    {
        var source = new NumberedRowSource(10);
        source.Receiving = stop => how == "failed" && source.GetPlaceNow() >= 8 ? throw new StreamRuntimeException(ErrorKind.ConnectionLost, "gone")
            : how == "cancelled" && source.GetPlaceNow() >= 8 ? Task.Delay(Timeout.InfiniteTimeSpan, stop) : Task.CompletedTask;
        source.Opening = _ => throw new StreamRuntimeException(ErrorKind.ConnectFailed, "gone");
        JsonRowStream stream = Stream(source);
        IAsyncEnumerator<JsonRow> rows = stream.GetAsyncEnumerator();
        int taken = how is "failed" or "cancelled" ? 8 : 6;
        for (int i = 0; i < taken; i++)
        {
            Assert.True(await rows.MoveNextAsync());
        }

        switch (how)
        {
            case "paused":
                await stream.PauseAsync();
                break;
            case "parked":
                await stream.ParkAsync();
                break;
            case "parked, with a reader":
                await stream.ParkAsync();
                _ = rows.MoveNextAsync().AsTask();
                break;
            case "parked and failed":
                await stream.ParkAsync();
                await stream.ResumeAsync();
                await Assert.ThrowsAsync<StreamRuntimeException>(() => rows.MoveNextAsync().AsTask());
                break;
            case "disposed":
                await stream.DisposeAsync();
                break;
            case "failed":
                await Assert.ThrowsAsync<StreamRuntimeException>(() => rows.MoveNextAsync().AsTask());
                break;
            default:
                await rows.DisposeAsync();
                using (var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(20)))
                {
                    await Assert.ThrowsAsync<OperationCanceledException>(() => stream.ReadBatchAsync(cancellation.Token).AsTask());
                }

                break;
        }

        string token = stream.GetResumeToken();
        await stream.DisposeAsync();
        await using JsonRowStream resumed = Stream(new NumberedRowSource(10), o => o with { ResumeFrom = token });
        Assert.Equal(Numbers(taken + 1, 10), await Rows.AllAsync(resumed));
        Assert.Null(source.BrokenRule);
    }

    [Fact]
    public async Task Token_WithoutOptions_NamesTheOption()
    {
        await using JsonRowStream stream = Rows.Stream(new NumberedRowSource(1));
        Assert.Contains(nameof(JsonRowStreamOptions.ResumeTokens), Assert.Throws<InvalidOperationException>(stream.GetResumeToken).Message, StringComparison.Ordinal);
        Assert.Contains(
            nameof(JsonRowStreamOptions.ResumeTokens),
            Assert.Throws<ArgumentException>(() => Rows.Stream(new NumberedRowSource(1), o => o with { ResumeFrom = "x" })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_OfASourceThatCannotPark_SaysWhy()
    {
        await using JsonRowStream stream = Stream(new SampleRowSource(1));
        Assert.Contains("generator", Assert.Throws<NotSupportedException>(stream.GetResumeToken).Message, StringComparison.Ordinal);
        string token = await TokenAfterAsync(1);
        Assert.Throws<NotSupportedException>(() => Stream(new SampleRowSource(1), o => o with { ResumeFrom = token }));
    }

    [Fact]
    public async Task Token_DuringARead_IsRefused()
    {
        var source = new NumberedRowSource(1) { Receiving = stop => Task.Delay(Timeout.InfiniteTimeSpan, stop) };
        JsonRowStream stream = Stream(source);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        Assert.Throws<InvalidOperationException>(stream.GetResumeToken);
        await stream.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => read);
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Token_ThatDoesNotFit_IsRefusedWithTheReason(string how, string reason)
    {
        string token = await TokenAfterAsync(3);
        var source = new NumberedRowSource(10);
        byte[] bytes = Base64Url.DecodeFromChars(token);
        ResumeTokenOptions tokens = Tokens();
        switch (how)
        {
            case "empty":
                token = "";
                break;
            case "white space":
                token += " ";
                break;
            case "padding":
                token += "=";
                break;
            case "other characters":
                token = token[..^1] + "+";
                break;
            case "too long":
                token = new string('A', 1_000_000);
                break;
            case "spare bits":
                // One of the last character's values that its byte does not use.
                token = Base64Url.EncodeToString([1, 2])[..^1] + "J";
                break;
            case "other version":
                token = Base64Url.EncodeToString([2, .. bytes[1..]]);
                break;
            case "cut off":
                token = Base64Url.EncodeToString(bytes.AsSpan(..^1));
                break;
            case "longer":
                token = Base64Url.EncodeToString([.. bytes, 0]);
                break;
            case "other key":
                tokens = Tokens(new AesGcmTokenProtector(RandomNumberGenerator.GetBytes(32)));
                break;
            case "made up":
                token = Base64Url.EncodeToString([1, .. RandomNumberGenerator.GetBytes(120)]);
                break;
            case "other content":
                token = Base64Url.EncodeToString([1, .. tokens.Protector.Protect("something else that was protected with the same key, and is long enough"u8)]);
                break;
            case "expired":
                _time.Advance(TimeSpan.FromHours(24));
                break;
            case "other query":
                source = new NumberedRowSource(10) { Fingerprint = ResumeFingerprint.Create(["letters"], []) };
                break;
            default:
                source = new NumberedRowSource(10) { Fingerprint = ResumeFingerprint.Create(["numbers"], [null]) };
                break;
        }

        var refused = Assert.Throws<StreamRuntimeException>(() => Stream(source, o => o with { ResumeFrom = token, ResumeTokens = tokens }));
        Assert.Equal(reason.StartsWith("expired", StringComparison.Ordinal) ? ErrorKind.ResumeExpired : ErrorKind.ResumeRefused, refused.Kind);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_AMomentBeforeItExpires_IsTaken()
    {
        string token = await TokenAfterAsync(3);
        _time.Advance(TimeSpan.FromHours(24) - TimeSpan.FromMilliseconds(1));
        await using JsonRowStream resumed = Stream(new NumberedRowSource(10), o => o with { ResumeFrom = token });
        Assert.Equal(Numbers(4, 10), await Rows.AllAsync(resumed));
    }

    [Fact]
    public async Task Token_OfAKeyThatWasReplaced_IsTakenWhileThatIsKnown()
    {
        string token = await TokenAfterAsync(3);
        byte[] newer = RandomNumberGenerator.GetBytes(16);
        await using JsonRowStream resumed = Stream(
            new NumberedRowSource(10), o => o with { ResumeFrom = token, ResumeTokens = Tokens(new AesGcmTokenProtector(newer, s_key)) });
        string next = resumed.GetResumeToken();
        Assert.True(new AesGcmTokenProtector(newer).TryUnprotect(Base64Url.DecodeFromChars(next).AsSpan(1), out _));
    }

    [Fact]
    public async Task MutatedTokens_AreAllRefusedCleanly()
    {
        int seed = TestRun.Seed(output);
        var random = new Random(seed);
        string[] tokens = [await TokenAfterAsync(0), await TokenAfterAsync(5), await TokenAfterAsync(10)];
        const string Characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        ResumeTokenOptions options = Tokens();
        var fingerprint = new NumberedRowSource(1).Fingerprint;
        var reasons = new Dictionary<string, int>();
        for (int i = 0; i < 100_000; i++)
        {
            string token = tokens[i % tokens.Length];
            char[] changed = token.ToCharArray();
            switch (random.Next(6))
            {
                case 0:
                    changed[random.Next(changed.Length)] = Characters[random.Next(64)];
                    break;
                case 1:
                    changed[random.Next(changed.Length)] = (char)random.Next(0x10000);
                    break;
                case 2:
                    changed = changed[..random.Next(changed.Length)];
                    break;
                case 3:
                    (int a, int b) = (random.Next(changed.Length), random.Next(changed.Length));
                    (changed[a], changed[b]) = (changed[b], changed[a]);
                    break;
                case 4:
                    // The front of one and the rest of another.
                    int cut = random.Next(1, changed.Length);
                    changed = [.. changed[..cut], .. tokens[(i + 1) % tokens.Length].AsSpan(Math.Min(cut, tokens[(i + 1) % tokens.Length].Length)).ToString()];
                    break;
                default:
                    byte[] bytes = Base64Url.DecodeFromChars(token);
                    bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                    changed = Base64Url.EncodeToString(bytes).ToCharArray();
                    break;
            }

            string mutant = new(changed);
            if (tokens.Contains(mutant))
            {
                continue;
            }

            var refused = Assert.Throws<StreamRuntimeException>(() => ResumeToken.Read(options, _time, fingerprint, mutant));
            Assert.True(refused.Kind == ErrorKind.ResumeRefused, $"seed {seed}, mutant {i}: {refused}");
            reasons[refused.Message] = reasons.GetValueOrDefault(refused.Message) + 1;
        }

        foreach ((string reason, int count) in reasons.OrderByDescending(r => r.Value).Take(4))
        {
            output.WriteLine($"{count}: {reason}");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(33)]
    public void Key_OfAnotherLength_IsRefused(int length) => Assert.Throws<ArgumentException>(() => new AesGcmTokenProtector(new byte[length]));

    [Fact]
    public void Keys_None_AreRefused() => Assert.Throws<ArgumentException>(() => new AesGcmTokenProtector());

    [Fact]
    public void Lifetime_OfNothing_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Rows.Stream(new NumberedRowSource(1), o => o with { ResumeTokens = Tokens() with { TokenLifetime = TimeSpan.Zero } }));

    [Fact]
    public async Task Token_IsSmallAndFitForUrls()
    {
        string token = await TokenAfterAsync(5);
        output.WriteLine($"{token.Length} characters: {token}");
        Assert.Equal(token, Uri.EscapeDataString(token));
        Assert.InRange(token.Length, 50, 160);
        Assert.NotEqual(token, await TokenAfterAsync(5));
    }

    private static string[] Numbers(int first, int last) =>
        [.. Enumerable.Range(first, last - first + 1).Select(n => n.ToString(CultureInfo.InvariantCulture))];

    private static ResumeTokenOptions Tokens(IResumeTokenProtector? protector = null) => new() { Protector = protector ?? new AesGcmTokenProtector(s_key) };

    private JsonRowStream Stream(IRowSource source, Func<JsonRowStreamOptions, JsonRowStreamOptions>? with = null) =>
        Rows.Stream(source, o => (with ?? (same => same))(o with { TimeProvider = _time, ResumeTokens = Tokens() }));

    private async Task<string> TokenAfterAsync(int rows)
    {
        await using JsonRowStream stream = Stream(new NumberedRowSource(10));
        await using IAsyncEnumerator<JsonRow> each = stream.GetAsyncEnumerator();
        for (int i = 0; i < rows; i++)
        {
            Assert.True(await each.MoveNextAsync());
        }

        return stream.GetResumeToken();
    }
}
