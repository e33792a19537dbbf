using System.IO.Pipelines;
using System.Text;
using StreamRuntime.Sources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Streams;

namespace StreamRuntime.Tests.Streams;

public sealed class CopyingTests
{
    [Theory]
    [InlineData(RowFormat.Ndjson, 0, "")]
    [InlineData(RowFormat.Ndjson, 1, "1\n")]
    [InlineData(RowFormat.Ndjson, 3, "1\n2\n3\n")]
    [InlineData(RowFormat.JsonArray, 0, "[]\n")]
    [InlineData(RowFormat.JsonArray, 1, "[1]\n")]
    [InlineData(RowFormat.JsonArray, 3, "[1,\n2,\n3]\n")]
    [InlineData(RowFormat.ServerSentEvents, 0, "event: complete\ndata: {\"rows\":0}\n\n")]
    [InlineData(RowFormat.ServerSentEvents, 1, "data: 1\n\nevent: complete\ndata: {\"rows\":1}\n\n")]
    [InlineData(RowFormat.ServerSentEvents, 3, "data: 1\n\ndata: 2\n\ndata: 3\n\nevent: complete\ndata: {\"rows\":3}\n\n")]
    public async Task Format_OfRowsInOneBatchOrSeveral(RowFormat format, int rows, string expected)
    {
        string[] texts = [.. Enumerable.Range(1, rows).Select(i => $"{i}")];
        var apart = new ScriptedRowSource();
        foreach (string text in texts)
        {
            apart.Delivers(text).Delivers();
        }

        foreach (ScriptedRowSource source in new[] { new ScriptedRowSource().Delivers(texts), apart })
        {
            using var output = new MemoryStream();
            await using JsonRowStream stream = Rows.Stream(source);
            Assert.Equal(rows, await stream.CopyToAsync(output, format));
            Assert.Equal(expected, Rows.Text(output.ToArray()));
            Assert.Equal(StreamState.Complete, stream.State);
        }
    }

    [Theory]
    [InlineData(RowFormat.Ndjson, "{ \"a\":  1 }\n2\n")]
    [InlineData(RowFormat.ServerSentEvents, "data: { \"a\":  1 }\n\ndata: 2\n\nevent: complete\ndata: {\"rows\":2}\n\n")]
    [InlineData(RowFormat.JsonArray, "[{\n\"a\":\r\n1 },\n2]\n")]
    public async Task LineBreaksInARow_AreFoldedWhereLinesCount(RowFormat format, string expected)
    {
        using var output = new MemoryStream();
        await using JsonRowStream stream = Rows.Stream(new ScriptedRowSource().Delivers("{\n\"a\":\r\n1 }", "2"));
        await stream.CopyToAsync(output, format);
        Assert.Equal(expected, Rows.Text(output.ToArray()));
    }

    [Fact]
    public async Task InvalidText_WhenAllowed_StillCantBreakALine()
    {
        using var output = new MemoryStream();
        var source = new ScriptedRowSource().Does((rows, _) =>
        {
            rows.Attach(new byte[] { 0xFF, (byte)'\n', 0, (byte)'\r', (byte)'x' });
            rows.Add(0, 5);
        });
        await using JsonRowStream stream = Rows.Stream(source, o => o with { AllowInvalidText = true });
        await stream.CopyToAsync(output);
        Assert.Equal([0xFF, (byte)' ', 0, (byte)' ', (byte)'x', (byte)'\n'], output.ToArray());
    }

    [Theory]
    [InlineData(RowFormat.Ndjson, "1\n2\n")]
    [InlineData(RowFormat.JsonArray, "[1,\n2")]
    [InlineData(RowFormat.ServerSentEvents, "data: 1\n\ndata: 2\n\nevent: error\ndata: {\"error\":\"Server\",\"message\":\"line\\nbreak\",\"rows\":2}\n\n")]
    public async Task Failure_LeavesAResultThatIsNotTakenForAWholeOne(RowFormat format, string expected)
    {
        using var output = new MemoryStream();
        await using JsonRowStream stream = Rows.Stream(
            new ScriptedRowSource().Delivers("1").Fails(new StreamRuntimeException(ErrorKind.Server, "line\nbreak"), "2"));
        await Assert.ThrowsAsync<StreamRuntimeException>(async () => await stream.CopyToAsync(output, format));
        Assert.Equal(expected, Rows.Text(output.ToArray()));
    }

    [Fact]
    public async Task RowsLargerThanAnyPiece_ComeThrough()
    {
        string huge = '"' + new string('x', 300_000) + '"';
        using var output = new MemoryStream();
        await using JsonRowStream stream = Rows.Stream(new ScriptedRowSource().Delivers("1", huge, "2").Delivers(huge, "3"));
        Assert.Equal(5, await stream.CopyToAsync(output));
        Assert.Equal($"1\n{huge}\n2\n{huge}\n3\n", Rows.Text(output.ToArray()));
    }

    [Fact]
    public async Task SlowPipe_HoldsTheSourceBack()
    {
        var source = new ScriptedRowSource().Forever((rows, _) =>
        {
            rows.GetSpan(1000)[..1000].Fill((byte)'1');
            rows.Advance(1000);
            rows.EndRow();
        });
        await using JsonRowStream stream = Rows.Stream(source);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 5000, resumeWriterThreshold: 2000, useSynchronizationContext: false));
        Task<long> copy = stream.CopyToAsync(pipe.Writer).AsTask();
        Assert.False(copy.IsCompleted);
        int receives = source.Receives;
        Assert.Equal(5, receives);

        ReadResult read = await pipe.Reader.ReadAsync();
        pipe.Reader.AdvanceTo(read.Buffer.GetPosition(4004));
        await TestKit.Wait.UntilAsync(() => source.Receives > receives, Rows.Patience, "the source goes on");
        Assert.InRange(source.Receives, 6, 10);

        await pipe.Reader.CompleteAsync();
        Assert.InRange(await copy.WaitAsync(Rows.Patience), 6, 11);
        Assert.Equal(StreamState.Running, stream.State);
    }

    [Fact]
    public async Task PipeReaderGone_ReturnsEarlyWithTheStreamOpen()
    {
        await using JsonRowStream stream = Rows.Stream(new ScriptedRowSource().Delivers("1", "2").Delivers("3"));
        var pipe = new Pipe();
        await pipe.Reader.CompleteAsync();
        Assert.Equal(2, await stream.CopyToAsync(pipe.Writer));
        Assert.Equal(StreamState.Running, stream.State);
        Assert.Equal(["3"], await Rows.NextAsync(stream));
    }

    [Fact]
    public async Task DestinationThatThrows_LeavesTheStreamOpen()
    {
        await using JsonRowStream stream = Rows.Stream(new ScriptedRowSource().Delivers("1").Delivers("2"));
        await Assert.ThrowsAsync<IOException>(async () => await stream.CopyToAsync(new FullDisk()));
        Assert.Equal(StreamState.Running, stream.State);
        Assert.Equal(["2"], await Rows.NextAsync(stream));
    }

    [Fact]
    public async Task UnknownFormatOrNoDestination_Throws_AndReadsNothing()
    {
        var source = new ScriptedRowSource().Delivers("1");
        await using JsonRowStream stream = Rows.Stream(source);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await stream.CopyToAsync(Stream.Null, (RowFormat)3));
        await Assert.ThrowsAsync<ArgumentNullException>(async () => await stream.CopyToAsync((Stream)null!));
        await Assert.ThrowsAsync<ArgumentNullException>(async () => await stream.CopyToAsync((PipeWriter)null!));
        Assert.Equal(0, source.Receives);
    }

    [Fact]
    public async Task Cancellation_InACopy_EndsTheStream()
    {
        var source = new ScriptedRowSource().Delivers("1").Blocks("2");
        await using JsonRowStream stream = Rows.Stream(source);
        using var cancel = new CancellationTokenSource();
        using var output = new MemoryStream();
        Task<long> copy = stream.CopyToAsync(output, RowFormat.ServerSentEvents, cancel.Token).AsTask();
        await source.BlockedAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copy.WaitAsync(Rows.Patience));
        Assert.Equal("data: 1\n\n", Rows.Text(output.ToArray()));
        Assert.Equal(StreamState.Error, stream.State);
    }

    [Fact]
    public async Task Copy_IsPausedLikeAnyRead()
    {
        var source = new ScriptedRowSource().Blocks("1").Delivers("2");
        await using JsonRowStream stream = Rows.Stream(source);
        using var output = new MemoryStream();
        Task<long> copy = stream.CopyToAsync(output).AsTask();
        await source.BlockedAsync();
        await stream.PauseAsync();
        source.Release();
        await TestKit.Wait.UntilAsync(() => output.Length == 2, Rows.Patience, "the rows received before are written");
        Assert.False(copy.IsCompleted);
        Assert.Equal(1, source.Receives);
        await stream.ResumeAsync();
        Assert.Equal(2, await copy.WaitAsync(Rows.Patience));
        Assert.Equal("1\n2\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public async Task SampleRows_AreTheSameInEveryPath()
    {
        using var output = new MemoryStream();
        await using (JsonRowStream stream = Rows.Stream(new SampleRowSource(1000, seed: 5)))
        {
            await stream.CopyToAsync(output);
        }

        await using JsonRowStream other = Rows.Stream(new SampleRowSource(1000, seed: 5, batchBytes: 1));
        Assert.Equal(string.Join('\n', await Rows.AllAsync(other)) + "\n", Rows.Text(output.ToArray()));
    }

    private sealed class FullDisk : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromException(new IOException("no space left"));
    }
}
