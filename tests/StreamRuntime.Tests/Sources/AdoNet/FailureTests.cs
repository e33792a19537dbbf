using StreamRuntime.Sources.AdoNet;
using StreamRuntime.Streams;
using StreamRuntime.Tests.Streams;

namespace StreamRuntime.Tests.Sources.AdoNet;

/// <summary>What the stream's reader is told when the provider fails, and what of the rows before it.</summary>
public sealed class FailureTests
{
    private static readonly ScriptedColumn[] Columns = [new("n", typeof(int), "integer"), new("s", typeof(string), "text"), new("b", typeof(byte[]), "blob")];

    public static TheoryData<int, bool> Places => new()
    {
        { 0, false }, { 1, false }, { 2, false }, { 0, true }, { 1, true }, { 2, true },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public async Task AReaderThatThrowsInMidRow_DeliversTheRowsBefore_AndNoHalfRow(int column, bool isSequential)
    {
        var failure = new ScriptedFailure("22P02", "no good", isTransient: true);
        object?[] bad = [2, "two", "zwei"];
        bad[column] = failure;
        var reader = new ScriptedReader(Columns, [1, "one", "eins"], bad, [3, "three", "drei"]) { IsSequential = isSequential };
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader, rowOptions: new() { SequentialAccess = isSequential });

        Assert.Equal(["{\"n\":1,\"s\":\"one\",\"b\":\"ZWlucw==\"}"], await Rows.NextAsync(stream));
        StreamRuntimeException error = await Assert.ThrowsAnyAsync<StreamRuntimeException>(() => Rows.NextAsync(stream));
        Assert.Same(error, await Assert.ThrowsAnyAsync<StreamRuntimeException>(() => Rows.NextAsync(stream)));
        Assert.Equal((ErrorKind.Server, "22P02", true), (error.Kind, error.SqlState, error.IsTransient));
        Assert.Equal("no good", error.Message);
        Assert.Same(failure, error.InnerException);
        Assert.Equal(StreamState.Error, stream.State);
        Assert.True(reader.IsDisposed);
    }

    [Fact]
    public async Task AReaderThatThrowsBetweenRows_DeliversTheRowsBefore()
    {
        var reader = new ScriptedReader(Columns, [1, "one", "eins"], [new ScriptedFailure(null, "gone")]);
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader);
        Assert.Single(await Rows.NextAsync(stream));
        StreamRuntimeException error = await Assert.ThrowsAnyAsync<StreamRuntimeException>(() => Rows.NextAsync(stream));
        Assert.Equal((ErrorKind.Source, (string?)null, false), (error.Kind, error.SqlState, error.IsTransient));
        Assert.Contains("gone", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatIsWrongBehindTheLastRow_IsTold()
    {
        var reader = new ScriptedReader(Columns, [1, "one", "eins"]) { ClosingFailure = new ScriptedFailure("40001", "too late") };
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader);
        Assert.Single(await Rows.NextAsync(stream));
        Assert.Equal("40001", (await Assert.ThrowsAnyAsync<StreamRuntimeException>(() => Rows.NextAsync(stream))).SqlState);
        Assert.Equal(StreamState.Error, stream.State);
    }

    [Fact]
    public async Task AValueOfAnotherType_NamesItsColumn()
    {
        var reader = new ScriptedReader(Columns, [1, "one", "eins"], [2, "two", 3.5]);
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader);
        Assert.Single(await Rows.NextAsync(stream));
        StreamRuntimeException error = await Assert.ThrowsAsync<StreamRuntimeException>(() => Rows.NextAsync(stream));
        Assert.Equal(ErrorKind.UnsupportedType, error.Kind);
        Assert.StartsWith("Column 3 \"b\" (blob) can't be read: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnythingElse_IsTheSourcesFailure()
    {
        var failure = new IOException("disk");
        var reader = new ScriptedReader(Columns, [1, failure, "eins"]);
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader);
        StreamRuntimeException error = await Assert.ThrowsAsync<StreamRuntimeException>(() => Rows.NextAsync(stream));
        Assert.Equal(ErrorKind.Source, error.Kind);
        Assert.Same(failure, error.InnerException);
    }

    [Fact]
    public async Task SomebodyElsesCancellation_IsNotTheCallers()
    {
        var reader = new ScriptedReader(Columns, [1, new OperationCanceledException("elsewhere"), "eins"]);
        await using JsonRowStream stream = JsonRowStream.FromDataReader(reader);
        Assert.Equal(ErrorKind.Source, (await Assert.ThrowsAsync<StreamRuntimeException>(() => Rows.NextAsync(stream))).Kind);
    }
}
