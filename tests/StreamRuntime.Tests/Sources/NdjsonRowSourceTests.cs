using System.IO.Pipelines;
using System.Text;
using StreamRuntime.Buffers;
using StreamRuntime.Sources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Streams;
using StreamRuntime.Tests.Streams;

namespace StreamRuntime.Tests.Sources;

public sealed class NdjsonRowSourceTests
{
    private const string Input = "{\"a\":1}\n\n\r\n[2]\r\n\"ü€😀\"\n\n3\r\n{\"last\":true}";
    private static readonly string[] Expected = ["{\"a\":1}", "[2]", "\"ü€😀\"", "3", "{\"last\":true}"];

    [Fact]
    public async Task Stream_SplitAtEveryPosition_GivesTheSameRows()
    {
        byte[] input = Encoding.UTF8.GetBytes(Input);
        for (int at = 0; at <= input.Length; at++)
        {
            await CheckAsync(NdjsonRowSource.FromStream(new DribbleStream(new MemoryStream(input), Segmentation.SplitAt(at), completesLater: at % 2 == 0)), at);
        }

        await CheckAsync(NdjsonRowSource.FromStream(new DribbleStream(new MemoryStream(input), Segmentation.Fragments(1))), -1);
    }

    [Fact]
    public async Task Pipe_SplitIntoSegmentsAtEveryPosition_GivesTheSameRows()
    {
        byte[] input = Encoding.UTF8.GetBytes(Input);
        for (int at = 0; at <= input.Length; at++)
        {
            for (int then = at; then <= input.Length; then += 5)
            {
                var pipe = new Pipe(new PipeOptions(minimumSegmentSize: 1, pool: new ExactMemoryPool()));
                Append(pipe.Writer, input.AsSpan(0, at));
                Append(pipe.Writer, input.AsSpan(at, then - at));
                Append(pipe.Writer, input.AsSpan(then));
                await pipe.Writer.FlushAsync();
                await pipe.Writer.CompleteAsync();
                await CheckAsync(NdjsonRowSource.FromPipe(pipe.Reader), at);
            }
        }
    }

    [Fact]
    public async Task Pipe_FilledBitByBit_GivesTheSameRows()
    {
        var pipe = new Pipe(new PipeOptions(minimumSegmentSize: 1, pool: new ExactMemoryPool()));
        byte[] input = Encoding.UTF8.GetBytes(Input);
        Task writing = Task.Run(async () =>
        {
            for (int at = 0; at < input.Length; at += 3)
            {
                Append(pipe.Writer, input.AsSpan(at, Math.Min(3, input.Length - at)));
                await pipe.Writer.FlushAsync();
                await Task.Yield();
            }

            await pipe.Writer.CompleteAsync();
        });
        await CheckAsync(NdjsonRowSource.FromPipe(pipe.Reader), 0);
        await writing;
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("\n", 0)]
    [InlineData("\r\n\r\n", 0)]
    [InlineData("\r", 0)]
    [InlineData("1", 1)]
    [InlineData("1\n", 1)]
    [InlineData("1\r", 1)]
    [InlineData("1\r\r\n", 1)] // One carriage return belongs to the line's end, the other to the row.
    public async Task Input_AtItsEdges(string input, int rows)
    {
        await using JsonRowStream stream = Rows.Stream(NdjsonRowSource.FromStream(new MemoryStream(Encoding.UTF8.GetBytes(input))));
        Assert.Equal(rows, (await Rows.AllAsync(stream)).Length);
        Assert.Equal(StreamState.Complete, stream.State);
    }

    [Fact]
    public async Task File_IsRead_AndClosedAtTheEnd()
    {
        string path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, Input);
            await using JsonRowStream stream = Rows.Stream(NdjsonRowSource.FromFile(path));
            Assert.Equal(Expected, await Rows.AllAsync(stream));
            using FileStream alone = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("no-such-file.ndjson")]
    [InlineData(".")]
    public void File_ThatCantBeOpened_IsASourceError(string path)
    {
        StreamRuntimeException error = Assert.Throws<StreamRuntimeException>(() => NdjsonRowSource.FromFile(path));
        Assert.Equal(ErrorKind.Source, error.Kind);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RowLargerThanTheBuffer_ComesWhole_AndTheBufferShrinksBack()
    {
        int size = (Rows.IsFullRun ? 64 : 5) * 1024 * 1024;
        byte[] input = new byte[size + 2_000_000];
        input.AsSpan().Fill((byte)'x');
        input[1] = (byte)'\n';
        input[2 + size] = (byte)'\n';
        for (int at = size + 100; at < input.Length; at += 100)
        {
            input[at] = (byte)'\n';
        }

        await using JsonRowStream stream = Rows.Stream(NdjsonRowSource.FromStream(new MemoryStream(input)), o => o with { MaxRowBytes = size });
        long largest = 0, bytes = 0, last = 0;
        while (await stream.ReadBatchAsync())
        {
            foreach (JsonRow row in stream.CurrentBatch)
            {
                largest = Math.Max(largest, row.Length);
                bytes += row.Length;
            }

            last = stream.GetStatistics().BufferedBytes;
        }

        Assert.Equal(size, largest);
        Assert.Equal(input.Length - input.AsSpan().Count((byte)'\n'), bytes);
        Assert.InRange(stream.GetStatistics().PeakBufferedBytes, size, size + 1.5 * 1024 * 1024);
        Assert.InRange(last, 1, 256 * 1024);
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(101, false)]
    public async Task MaxRowBytes_IsExact_HoweverTheLineEnds(int size, bool fits)
    {
        foreach (string end in new[] { "\n", "\r\n", "" })
        {
            byte[] input = Encoding.UTF8.GetBytes("1\n" + new string('x', size) + end + (end.Length > 0 ? "2" : ""));
            for (int at = 0; at <= input.Length; at++)
            {
                var pipe = new Pipe();
                Append(pipe.Writer, input);
                await pipe.Writer.FlushAsync();
                await pipe.Writer.CompleteAsync();
                foreach (NdjsonRowSource source in new[]
                {
                    NdjsonRowSource.FromStream(new DribbleStream(new MemoryStream(input), Segmentation.SplitAt(at))),
                    NdjsonRowSource.FromPipe(pipe.Reader),
                })
                {
                    await using JsonRowStream stream = Rows.Stream(source, o => o with { MaxRowBytes = 100 });
                    if (fits)
                    {
                        Assert.Equal(end.Length > 0 ? 3 : 2, (await Rows.AllAsync(stream)).Length);
                        continue;
                    }

                    Assert.Equal("1", (await Rows.NextAsync(stream))[0]);
                    StreamRuntimeException error = await Assert.ThrowsAsync<StreamRuntimeException>(() => Rows.NextAsync(stream));
                    Assert.Equal(ErrorKind.RowTooLarge, error.Kind);
                    Assert.Contains("101 bytes", error.Message, StringComparison.Ordinal);
                    Assert.Contains("(100 bytes)", error.Message, StringComparison.Ordinal);
                }
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task LineWithoutEnd_IsRefusedOnceItIsTooLarge_AndNotWhenItEnds(bool asStream)
    {
        var pipe = new Pipe();
        await using JsonRowStream stream = Rows.Stream(
            asStream ? NdjsonRowSource.FromStream(pipe.Reader.AsStream()) : NdjsonRowSource.FromPipe(pipe.Reader), o => o with { MaxRowBytes = 100 });
        await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(new string('x', 100) + "\r"));
        Task<string[]> read = Rows.NextAsync(stream);
        Assert.False(read.IsCompleted);
        await pipe.Writer.WriteAsync("x"u8.ToArray());
        Assert.Equal(ErrorKind.RowTooLarge, (await Assert.ThrowsAsync<StreamRuntimeException>(() => read)).Kind);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task InputThatFails_IsASourceError_AfterTheRowsBefore(bool io)
    {
        Exception cause = io ? new IOException("cable") : new InvalidOperationException("writer");
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync("1\n2\npart"u8.ToArray());
        await using JsonRowStream stream = Rows.Stream(NdjsonRowSource.FromPipe(pipe.Reader));
        Assert.Equal(["1", "2"], await Rows.NextAsync(stream));
        await pipe.Writer.CompleteAsync(cause);
        StreamRuntimeException error = await Assert.ThrowsAsync<StreamRuntimeException>(() => Rows.NextAsync(stream));
        Assert.Equal((ErrorKind.Source, cause), (error.Kind, error.InnerException));
        Assert.Equal(StreamState.Error, stream.State);
    }

    [Fact]
    public async Task Cancellation_OfAWaitingPipe_GivesTheCallersToken()
    {
        var pipe = new Pipe();
        await using JsonRowStream stream = Rows.Stream(NdjsonRowSource.FromPipe(pipe.Reader));
        using var cancel = new CancellationTokenSource();
        Task<bool> read = stream.ReadBatchAsync(cancel.Token).AsTask();
        Assert.False(read.IsCompleted);
        await cancel.CancelAsync();
        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.WaitAsync(Rows.Patience));
        Assert.Equal(cancel.Token, error.CancellationToken);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task LeftOpenReader_GoesOnAfterTheRowsHandedOut(bool ours)
    {
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync("1\n2\npart"u8.ToArray());
        PipeReader reader = ours ? new ReceivePipeReader(pipe.Reader.AsStream()) : pipe.Reader;
        await using (JsonRowStream stream = Rows.Stream(NdjsonRowSource.FromPipe(reader, leaveOpen: true)))
        {
            Assert.Equal(["1", "2"], await Rows.NextAsync(stream));
        }

        await pipe.Writer.WriteAsync("ial\n"u8.ToArray());
        await pipe.Writer.CompleteAsync();
        await using JsonRowStream rest = Rows.Stream(NdjsonRowSource.FromPipe(reader));
        Assert.Equal(["partial"], await Rows.AllAsync(rest));
    }

    [Fact]
    public async Task Dispose_WithRowsInHand_LeavesThemAsTheyAre()
    {
        byte[] input = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 5000).Select(i => $"{i}\n")));
        JsonRowStream stream = Rows.Stream(NdjsonRowSource.FromStream(new MemoryStream(input)));
        Assert.True(await stream.ReadBatchAsync());
        RowBatch held = stream.CurrentBatch;
        string[] rows = Rows.Of(stream);
        await stream.DisposeAsync();
        await using JsonRowStream other = Rows.Stream(NdjsonRowSource.FromStream(new MemoryStream(new byte[input.Length])), o => o with { AllowInvalidText = true });
        await Rows.AllAsync(other);
        Assert.Equal(rows.Length, held.Count);
        Assert.Equal(rows, Rows.Of(stream));
    }

    [Fact]
    public async Task BufferedBytes_CountTheWholeReceive_PartialRowIncluded()
    {
        await using JsonRowStream stream = Rows.Stream(
            NdjsonRowSource.FromStream(new DribbleStream(new MemoryStream("1\n22\npart3\n"u8.ToArray()), Segmentation.SplitAt(7))));
        await Rows.NextAsync(stream);
        Assert.Equal(7, stream.GetStatistics().BufferedBytes);
        Assert.Equal(["part3"], await Rows.NextAsync(stream));
        Assert.Equal((6, 7), (stream.GetStatistics().BufferedBytes, stream.GetStatistics().PeakBufferedBytes));
    }

    private static async Task CheckAsync(NdjsonRowSource source, int at)
    {
        await using JsonRowStream stream = Rows.Stream(source);
        string[] rows = await Rows.AllAsync(stream);
        Assert.True(rows.SequenceEqual(Expected), $"split at {at}: {string.Join(" | ", rows)}");
    }

    private static void Append(PipeWriter writer, ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            bytes.CopyTo(writer.GetSpan(bytes.Length));
            writer.Advance(bytes.Length);
        }
    }
}
