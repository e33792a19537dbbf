using System.Text.Json;
using System.Text.Json.Serialization;
using StreamRuntime.Sources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Logging;
using StreamRuntime.TestKit.Streams;

namespace StreamRuntime.Tests.Streams;

public sealed class ReadingTests
{
    [Fact]
    public async Task Batches_AreTheReceives_AndEmptyOnesAreSkipped()
    {
        var source = new ScriptedRowSource().Delivers("1", "2").Delivers().Attaches("3\n4\n5").Delivers("6");
        await using JsonRowStream stream = Rows.Stream(source);
        Assert.Equal(["1", "2"], await Rows.NextAsync(stream));
        Assert.Equal(["3", "4"], await Rows.NextAsync(stream));
        Assert.Equal(["6"], await Rows.NextAsync(stream));
        Assert.Equal(StreamState.Running, stream.State);
        Assert.Empty(await Rows.NextAsync(stream));
        Assert.Equal((StreamState.Complete, 1, 4), (stream.State, source.Disposals, source.Receives));
        Assert.Empty(await Rows.NextAsync(stream));
        Assert.Equal((5, 5), (stream.GetStatistics().RowsDelivered, stream.GetStatistics().BytesDelivered));
    }

    [Fact]
    public async Task Batch_IsReadByIndexAndByEnumeration()
    {
        await using JsonRowStream stream = Rows.Stream(new ScriptedRowSource().Delivers("""{"a":1}""", "22"));
        Assert.True(await stream.ReadBatchAsync());
        RowBatch batch = stream.CurrentBatch;
        Assert.Equal((2, 9), (batch.Count, batch.Bytes));
        Assert.Equal("22", Rows.Text(batch[1].Memory.Span));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch[2]);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch[-1]);
        Utf8JsonReader reader = batch[0].GetReader();
        Assert.True(reader.Read());
        Assert.Equal(JsonTokenType.StartObject, reader.TokenType);
        Assert.Equal("""{"a":1}"""u8.ToArray(), batch[0].ToArray());
        Assert.Equal(0, default(RowBatch).Count);
        Assert.False(default(RowBatch).GetEnumerator().MoveNext());
    }

    [Fact]
    public async Task AwaitForeach_LeftEarly_GoesOnAtTheNextRow()
    {
        await using JsonRowStream stream = Rows.Stream(new ScriptedRowSource().Delivers("1", "22", "333", "4444").Delivers("5"));
        var seen = new List<string>();
        await foreach (JsonRow row in stream)
        {
            seen.Add(row.ToString());
            break;
        }

        Assert.Equal((1, 1), (stream.GetStatistics().RowsDelivered, stream.GetStatistics().BytesDelivered));
        await foreach (JsonRow row in stream)
        {
            seen.Add(row.ToString());
            break;
        }

        Assert.Equal(["333", "4444"], await Rows.NextAsync(stream));
        Assert.Equal(7, stream.CurrentBatch.Bytes);
        await foreach (JsonRow row in stream)
        {
            seen.Add(row.ToString());
        }

        Assert.Equal(["1", "22", "5"], seen);
        Assert.Equal((5, 11, StreamState.Complete), (stream.GetStatistics().RowsDelivered, stream.GetStatistics().BytesDelivered, stream.State));
    }

    [Fact]
    public async Task Typed_ReadsWithGeneratedMetadata_AndABadRowLeavesTheStreamOpen()
    {
        var source = new ScriptedRowSource().Delivers("""{"id":1}""", """{"id":"x"}""", """{"id":3}""", "null");
        await using JsonRowStream stream = Rows.Stream(source);
        var seen = new List<long?>();
        await Assert.ThrowsAsync<JsonException>(async () =>
        {
            await foreach (Item? item in stream.ReadAsync(ReadingJson.Default.Item))
            {
                seen.Add(item?.Id);
            }
        });
        await foreach (Item? item in stream.ReadAsync(ReadingJson.Default.Item))
        {
            seen.Add(item?.Id);
        }

        Assert.Equal([1, 3, null], seen);
    }

    [Fact]
    public async Task SecondRead_WhileABatchIsRead_Throws()
    {
        var source = new ScriptedRowSource().Blocks("1").Delivers("2");
        await using JsonRowStream stream = Rows.Stream(source);
        Task<bool> first = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => stream.ReadBatchAsync().AsTask());
        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (JsonRow row in stream)
            {
                Assert.Fail("A row was handed out twice.");
            }
        });
        source.Release();
        Assert.True(await first.WaitAsync(Rows.Patience));
        Assert.Equal(["1"], Rows.Of(stream));
        Assert.Equal(["2"], await Rows.NextAsync(stream));
    }

    [Fact]
    public async Task Enumerator_MadeWhileABatchIsRead_GetsOnlyLaterRows()
    {
        var source = new ScriptedRowSource().Blocks("1", "2").Delivers("3");
        await using JsonRowStream stream = Rows.Stream(source);
        Task<bool> batch = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        IAsyncEnumerator<JsonRow> rows = stream.GetAsyncEnumerator();
        source.Release();
        Assert.True(await batch.WaitAsync(Rows.Patience));
        Assert.Equal(["1", "2"], Rows.Of(stream));
        Assert.Equal(2, stream.GetStatistics().RowsDelivered);
        Assert.True(await rows.MoveNextAsync());
        Assert.Equal("3", rows.Current.ToString());
        Assert.False(await rows.MoveNextAsync());
        Assert.Equal(3, stream.GetStatistics().RowsDelivered);
        await rows.DisposeAsync();
    }

    [Fact]
    public async Task Enumerator_WhileAReceiveAddsRows_SeesNoneOfThem()
    {
        IAsyncEnumerator<JsonRow>? rows = null;
        Task<bool>? move = null;
        JsonRowStream? stream = null;
        var source = new ScriptedRowSource().Does((writer, _) =>
        {
            writer.GetSpan(1)[0] = (byte)'1';
            writer.Advance(1);
            writer.EndRow();
            rows = stream!.GetAsyncEnumerator(CancellationToken.None);
            move = rows.MoveNextAsync().AsTask();
        });
        stream = Rows.Stream(source);
        Assert.True(await stream.ReadBatchAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => move!);
        Assert.Equal(["1"], Rows.Of(stream));
        await stream.DisposeAsync();
    }

    [Fact]
    public async Task SecondRead_DuringAnEnumeration_Throws()
    {
        var source = new ScriptedRowSource().Delivers("1", "2").Blocks("3");
        await using JsonRowStream stream = Rows.Stream(source);
        IAsyncEnumerator<JsonRow> rows = stream.GetAsyncEnumerator();
        Assert.True(await rows.MoveNextAsync());
        Assert.Throws<InvalidOperationException>(() => stream.GetAsyncEnumerator());
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await stream.ReadBatchAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await stream.CopyToAsync(Stream.Null));
        Assert.True(await rows.MoveNextAsync());
        Task<bool> third = rows.MoveNextAsync().AsTask();
        await source.BlockedAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await rows.MoveNextAsync());
        source.Release();
        Assert.True(await third.WaitAsync(Rows.Patience));
        Assert.Equal("3", rows.Current.ToString());
        await rows.DisposeAsync();
        await rows.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await rows.MoveNextAsync());
    }

    [Fact]
    public async Task Enumerator_AfterItsDisposal_HandsOutNoRow()
    {
        await using JsonRowStream stream = Rows.Stream(new ScriptedRowSource().Delivers("1", "2"));
        IAsyncEnumerator<JsonRow> rows = stream.GetAsyncEnumerator();
        Assert.True(await rows.MoveNextAsync());
        await rows.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await rows.MoveNextAsync());
        Assert.Equal(["2"], await Rows.NextAsync(stream));
    }

    [Fact]
    public async Task Where_DropsAndCounts()
    {
        var source = new ScriptedRowSource().Delivers("1", "22", "3").Delivers("44").Attaches("5\n66\n");
        await using JsonRowStream stream = Rows.Stream(source, o => o with { Where = row => row.Length == 1 });
        Assert.Equal(["1", "3", "5"], await Rows.AllAsync(stream));
        StreamStatistics statistics = stream.GetStatistics();
        Assert.Equal((3, 3, 3), (statistics.RowsFiltered, statistics.RowsDelivered, statistics.BytesDelivered));
    }

    [Fact]
    public async Task Where_ThatThrows_EndsTheStreamAfterTheRowsBefore()
    {
        var source = new ScriptedRowSource().Delivers("1", "2", "3");
        await using JsonRowStream stream = Rows.Stream(source, o => o with { Where = row => row[0] != (byte)'3' ? true : throw new FormatException("mine") });
        Assert.Equal(["1", "2"], await Rows.NextAsync(stream));
        Assert.Equal("mine", (await Assert.ThrowsAsync<FormatException>(() => Rows.NextAsync(stream))).Message);
        Assert.Equal((StreamState.Error, 1), (stream.State, source.Disposals));
    }

    [Fact]
    public async Task Failure_ComesAfterTheRowsBeforeIt_AndAtEveryReadFromThenOn()
    {
        var error = new StreamRuntimeException(ErrorKind.Server, "no");
        var source = new ScriptedRowSource().Delivers("1").Fails(error, "2", "3");
        await using JsonRowStream stream = Rows.Stream(source);
        Assert.Equal(["1"], await Rows.NextAsync(stream));
        Assert.Equal(["2", "3"], await Rows.NextAsync(stream));
        Assert.Equal(StreamState.Running, stream.State);
        for (int i = 0; i < 3; i++)
        {
            Assert.Same(error, await Assert.ThrowsAsync<StreamRuntimeException>(() => Rows.NextAsync(stream)));
            Assert.Equal((StreamState.Error, 2, 1), (stream.State, source.Receives, source.Disposals));
        }

        await Assert.ThrowsAsync<StreamRuntimeException>(async () => await stream.GetAsyncEnumerator().MoveNextAsync());
        Assert.Equal(3, stream.GetStatistics().RowsDelivered);
    }

    [Fact]
    public async Task Cancellation_BeforeTheRead_StartsNoReceive()
    {
        var source = new ScriptedRowSource().Delivers("1");
        await using JsonRowStream stream = Rows.Stream(source);
        var token = new CancellationToken(canceled: true);
        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Rows.NextAsync(stream, token));
        Assert.Equal(token, error.CancellationToken);
        Assert.Equal((StreamState.Error, 0, 1), (stream.State, source.Receives, source.Disposals));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Rows.NextAsync(stream));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancellation_DuringAReceive_ReachesTheSource(bool enumerating)
    {
        var source = new ScriptedRowSource().Delivers("1").Blocks("2");
        await using JsonRowStream stream = Rows.Stream(source);
        Assert.NotEmpty(await Rows.NextAsync(stream));
        using var cancel = new CancellationTokenSource();
        Task<bool> read = enumerating
            ? stream.GetAsyncEnumerator(cancel.Token).MoveNextAsync().AsTask()
            : stream.ReadBatchAsync(cancel.Token).AsTask();
        await source.BlockedAsync();
        await cancel.CancelAsync();
        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.WaitAsync(Rows.Patience));
        Assert.Equal(cancel.Token, error.CancellationToken);
        Assert.Equal((StreamState.Error, 1, 1, null), (stream.State, source.Cancellations, source.Disposals, source.BrokenRule));
    }

    [Fact]
    public async Task Dispose_DuringAReceive_EndsItFirst()
    {
        var source = new ScriptedRowSource().Blocks("1");
        JsonRowStream stream = Rows.Stream(source);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        await stream.DisposeAsync().AsTask().WaitAsync(Rows.Patience);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => read.WaitAsync(Rows.Patience));
        Assert.Equal((StreamState.Error, 1, 1, null), (stream.State, source.Cancellations, source.Disposals, source.BrokenRule));
    }

    [Fact]
    public async Task Dispose_TwiceAndFromManyThreads_DisposesTheSourceOnce()
    {
        var source = new ScriptedRowSource().Blocks("1");
        JsonRowStream stream = Rows.Stream(source);
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(async () =>
        {
            await stream.DisposeAsync();
            Assert.Equal(1, source.Disposals);
        }))).WaitAsync(Rows.Patience);
        await stream.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => read);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await stream.ReadBatchAsync());
        Assert.Equal((1, null), (source.Disposals, source.BrokenRule));
    }

    [Fact]
    public async Task Dispose_InTheMiddleOfABatch_HandsOutNoFurtherRow()
    {
        JsonRowStream stream = Rows.Stream(new ScriptedRowSource().Delivers("1", "2").Delivers("3"));
        IAsyncEnumerator<JsonRow> rows = stream.GetAsyncEnumerator();
        Assert.True(await rows.MoveNextAsync());
        JsonRow held = rows.Current;
        await stream.DisposeAsync();
        Assert.Equal("1", held.ToString());
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await rows.MoveNextAsync());
        Assert.Equal(1, stream.GetStatistics().RowsDelivered);
    }

    [Fact]
    public async Task Dispose_AfterTheEnd_KeepsComplete()
    {
        var source = new ScriptedRowSource().Delivers("1");
        JsonRowStream stream = Rows.Stream(source);
        await Rows.AllAsync(stream);
        await stream.DisposeAsync();
        Assert.Equal((StreamState.Complete, 1), (stream.State, source.Disposals));
    }

    [Fact]
    public async Task Dispose_WhenTheSourcesReactionFails_StillDisposesAndLogs()
    {
        var log = new RecordingLogger();
        var source = new ScriptedRowSource()
            .Does((_, stop) => stop.Register(() => throw new InvalidOperationException("reaction")))
            .Blocks("1");
        JsonRowStream stream = Rows.Stream(source, o => o with { Logger = log });
        Task<bool> read = stream.ReadBatchAsync().AsTask();
        await source.BlockedAsync();
        await stream.DisposeAsync().AsTask().WaitAsync(Rows.Patience);
        await stream.DisposeAsync().AsTask().WaitAsync(Rows.Patience);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => read.WaitAsync(Rows.Patience));
        Assert.Equal(1, source.Disposals);
        Assert.Contains("The stream's source failed to react to being stopped", log.Messages);
    }

    [Fact]
    public async Task Source_ThatFailsToClose_DoesNotHideTheEnd()
    {
        var log = new RecordingLogger();
        await using JsonRowStream stream = Rows.Stream(
            new ScriptedRowSource().Delivers("1").FailsToClose(new IOException("close")), o => o with { Logger = log });
        Assert.Equal(["1"], await Rows.AllAsync(stream));
        Assert.Equal(StreamState.Complete, stream.State);
        Assert.Equal(["The stream's source failed to close", "Stream complete: 1 rows, 1 bytes"], log.Messages);
    }

    [Fact]
    public void Create_WithAnOptionOutOfRange_Throws()
    {
        var options = JsonRowStreamOptions.Default;
        foreach (JsonRowStreamOptions wrong in new[]
        {
            options with { MaxBufferedBytes = 4095 },
            options with { MaxRowBytes = 0 },
            options with { MaxRowBytes = JsonRowStreamOptions.LargestMaxRowBytes + 1 },
            options with { PauseTimeout = TimeSpan.Zero },
            options with { ProgressTimeout = TimeSpan.FromSeconds(-5) },
            options with { TotalTimeout = TimeSpan.FromDays(60) },
            options with { TimeProvider = null! },
            options with { Logger = null! },
        })
        {
            Assert.ThrowsAny<ArgumentException>(() => JsonRowStream.Create(new SampleRowSource(1), wrong));
        }
    }
}

internal sealed record Item([property: JsonPropertyName("id")] long Id);

[JsonSerializable(typeof(Item))]
internal sealed partial class ReadingJson : JsonSerializerContext;
