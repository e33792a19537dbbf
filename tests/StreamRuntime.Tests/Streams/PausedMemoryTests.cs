using System.IO.Pipelines;
using System.Text;
using StreamRuntime.Sources;
using StreamRuntime.Streams;

namespace StreamRuntime.Tests.Streams;

public sealed class PausedMemoryTests
{
    public static TheoryData<string> Sources => ["stream", "pipe", "memory"];

    [Theory]
    [MemberData(nameof(Sources))]
    public async Task PausedReader_GivesItsBuffersBack_AndGoesOnAtTheNextRow(string kind)
    {
        string[] rows = [.. Enumerable.Range(0, 20_000).Select(i => $"{{\"i\":{i}}}")];
        byte[] lines = Encoding.UTF8.GetBytes(string.Join('\n', rows));
        await using JsonRowStream stream = Rows.Stream(kind switch
        {
            "stream" => NdjsonRowSource.FromStream(new MemoryStream(lines)),
            "pipe" => NdjsonRowSource.FromPipe(PipeReader.Create(new MemoryStream(lines))),
            _ => NdjsonRowSource.FromMemory(lines),
        });
        var seen = new List<string>();
        long mostBuffered = 0;
        while (await Rows.NextAsync(stream) is { Length: > 0 } batch)
        {
            seen.AddRange(batch);
            mostBuffered = Math.Max(mostBuffered, stream.GetStatistics().BufferedBytes);
            await stream.PauseAsync();
            Task<bool> read = stream.ReadBatchAsync().AsTask();
            if (read.IsCompleted)
            {
                // Those were the last rows, and the end needs no further receive.
                Assert.False(await read);
                break;
            }

            // What is left is the beginning of one row.
            Assert.InRange(stream.GetStatistics().BufferedBytes, 0, 20);
            await stream.ResumeAsync();
            if (!await read.WaitAsync(Rows.Patience))
            {
                break;
            }

            seen.AddRange(Rows.Of(stream));
        }

        Assert.Equal(rows, seen);
        Assert.Equal(StreamState.Complete, stream.State);
        Assert.InRange(mostBuffered, 1_000, long.MaxValue);
    }

    [Fact]
    public async Task ManyPausedStreams_HoldLittleEach()
    {
        const int Count = 2_000;
        byte[] lines = Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Range(0, 2_000).Select(i => $"{{\"i\":{i},\"text\":\"{new string('x', 180)}\"}}")));
        var streams = new JsonRowStream[Count + 1];
        var reads = new Task<bool>[Count + 1];

        // The first fills what is shared by all.
        await PauseOneAsync(0);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 1; i <= Count; i++)
        {
            await PauseOneAsync(i);
        }

        long each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Count;
        Assert.InRange(each, 1, 2_048);
        for (int i = 0; i <= Count; i++)
        {
            await streams[i].ResumeAsync();
            Assert.True(await reads[i].WaitAsync(Rows.Patience));
            await streams[i].DisposeAsync();
        }

        async Task PauseOneAsync(int i)
        {
            streams[i] = Rows.Stream(NdjsonRowSource.FromStream(new MemoryStream(lines)));
            Assert.True(await streams[i].ReadBatchAsync());
            await streams[i].PauseAsync("held");
            reads[i] = streams[i].ReadBatchAsync().AsTask();
            Assert.False(reads[i].IsCompleted);
        }
    }
}
