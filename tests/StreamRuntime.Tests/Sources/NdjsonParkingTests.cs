using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using StreamRuntime.Resuming;
using StreamRuntime.Sources;
using StreamRuntime.Streams;
using StreamRuntime.Tests.Streams;

namespace StreamRuntime.Tests.Sources;

/// <summary>A file of lines that is closed in the middle and opened again.</summary>
public sealed class NdjsonParkingTests : IDisposable
{
    private static readonly ResumeTokenOptions s_tokens = new() { Protector = new AesGcmTokenProtector(RandomNumberGenerator.GetBytes(32)) };
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"{nameof(NdjsonParkingTests)}-{Guid.NewGuid():N}.ndjson");

    public static TheoryData<string, string> Changes => new()
    {
        { "shorter", "fewer than" },
        { "other file", "others now" },
        { "first byte", "others now" },
        { "byte before the place", "others now" },
        { "gone", "can't be read" },
    };

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("\n", true)]
    [InlineData("\r\n", true)]
    [InlineData("\n\n", true)]
    [InlineData("\n", false)]
    [InlineData("\r\n", false)]
    public async Task ParkedAndContinuedEverywhere_GivesEveryRowOnce(string lineEnd, bool hasLastEnd)
    {
        string[] rows = [.. Enumerable.Range(0, 3_000).Select(i => $"{{\"i\":{i},\"text\":\"{new string('ä', i % 40)}\"}}")];
        await File.WriteAllTextAsync(_path, string.Join(lineEnd, rows) + (hasLastEnd ? lineEnd : ""), new UTF8Encoding(false));
        var random = new Random(20);
        var seen = new List<string>();
        JsonRowStream stream = Stream();
        bool ended = false;
        while (!ended)
        {
            await using (IAsyncEnumerator<JsonRow> each = stream.GetAsyncEnumerator())
            {
                for (int left = random.Next(400); left > 0 && !ended; left--)
                {
                    ended = !await each.MoveNextAsync();
                    if (!ended)
                    {
                        seen.Add(each.Current.ToString());
                    }
                }
            }

            if (random.Next(2) == 0 && !ended)
            {
                await stream.ParkAsync();
                await stream.ResumeAsync();
            }
            else
            {
                string token = stream.GetResumeToken();
                await stream.DisposeAsync();
                stream = Stream(token);
            }
        }

        await stream.DisposeAsync();
        Assert.Equal(rows, seen);
    }

    [Fact]
    public async Task Parked_HoldsNoFile()
    {
        await File.WriteAllTextAsync(_path, "1\n2\n");
        await using JsonRowStream stream = Stream();
        Assert.True(await stream.ReadBatchAsync());
        Assert.Equal(1, OpenFiles());
        await stream.ParkAsync();
        Assert.Equal(0, OpenFiles());
    }

    [Fact]
    public async Task Parked_WhileTheFileGrows_ReadsWhatWasAppended()
    {
        await File.WriteAllTextAsync(_path, "1\n2\n");
        await using JsonRowStream stream = Stream();
        Assert.Equal(["1", "2"], await Rows.NextAsync(stream));
        await stream.ParkAsync();
        await File.AppendAllTextAsync(_path, "3\n");
        await stream.ResumeAsync();
        Assert.Equal(["3"], await Rows.AllAsync(stream));
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Continued_AfterTheFileHasChanged_IsRefusedWithTheReason(string how, string reason)
    {
        string lines = string.Join('\n', Enumerable.Range(0, 5_000).Select(i => i.ToString(CultureInfo.InvariantCulture)));
        await File.WriteAllTextAsync(_path, lines);
        await using JsonRowStream stream = Stream();
        Assert.True(await stream.ReadBatchAsync());
        string token = stream.GetResumeToken();
        await stream.ParkAsync();
        byte[] bytes = await File.ReadAllBytesAsync(_path);
        switch (how)
        {
            case "shorter":
                bytes = bytes[..100];
                break;
            case "other file":
                bytes = [.. Enumerable.Repeat((byte)'\n', bytes.Length)];
                break;
            case "first byte":
                bytes[0] = (byte)'7';
                break;
            case "byte before the place":
                bytes[(int)stream.GetStatistics().BytesDelivered] = (byte)'x';
                break;
        }

        File.Delete(_path);
        if (how != "gone")
        {
            await File.WriteAllBytesAsync(_path, bytes);
        }

        await stream.ResumeAsync();
        var refused = await Assert.ThrowsAsync<StreamRuntimeException>(() => stream.ReadBatchAsync().AsTask());
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.Equal(how == "gone" ? ErrorKind.Source : ErrorKind.ResumeRefused, refused.Kind);
        refused = Assert.Throws<StreamRuntimeException>(() => Stream(token));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Continued_WhereTheLastLineGoesOn_IsRefused()
    {
        await File.WriteAllTextAsync(_path, "1\n2");
        await using JsonRowStream stream = Stream();
        while (stream.GetStatistics().RowsDelivered < 2)
        {
            Assert.True(await stream.ReadBatchAsync());
        }

        string token = stream.GetResumeToken();
        await File.AppendAllTextAsync(_path, "34\n5\n");
        var refused = Assert.Throws<StreamRuntimeException>(() => Stream(token));
        Assert.Contains("goes on", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_AfterARefusedRow_StandsBeforeIt()
    {
        await File.WriteAllBytesAsync(_path, [.. "1\r\n2\n\xff\n3\n".Select(c => (byte)c)]);
        string token;
        await using (JsonRowStream stream = Stream())
        {
            Assert.Equal(["1", "2"], await Rows.NextAsync(stream));
            await Assert.ThrowsAsync<StreamRuntimeException>(() => stream.ReadBatchAsync().AsTask());
            token = stream.GetResumeToken();
        }

        await using JsonRowStream again = Stream(token, allowInvalidText: true);
        Assert.Equal(2, (await Rows.AllAsync(again)).Length);
    }

    private JsonRowStream Stream(string? token = null, bool allowInvalidText = false)
    {
        NdjsonRowSource source = NdjsonRowSource.FromFile(_path);
        try
        {
            return Rows.Stream(source, o => o with { ResumeTokens = s_tokens, ResumeFrom = token, MaxBufferedBytes = 4096, AllowInvalidText = allowInvalidText });
        }
        catch
        {
            source.DisposeAsync().AsTask().Wait();
            throw;
        }
    }

    private int OpenFiles() => new DirectoryInfo("/proc/self/fd").GetFiles().Count(f => f.LinkTarget == _path);
}
