using System.Data;
using StreamRuntime.Sources.AdoNet;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Timing;
using StreamRuntime.Tests.Streams;

namespace StreamRuntime.Tests.Sources.AdoNet;

/// <summary>Who is cancelled and closed when, and who is not.</summary>
public sealed class OwnershipTests
{
    private static readonly ScriptedColumn[] Columns = [new("n", typeof(int))];

    [Theory]
    [InlineData(false, CommandBehavior.SingleResult)]
    [InlineData(true, CommandBehavior.SingleResult | CommandBehavior.SequentialAccess)]
    public async Task Command_IsRunAsItsOptionsSay_AndStaysTheCallers(bool isSequential, CommandBehavior behavior)
    {
        var reader = new ScriptedReader(Columns, [1]);
        var command = new ScriptedCommand(reader);
        await using (JsonRowStream stream = await command.StreamJsonRowsAsync(new DataReaderRowsOptions { SequentialAccess = isSequential }))
        {
            Assert.Equal(["{\"n\":1}"], await Rows.AllAsync(stream));
        }

        Assert.Equal(behavior, command.Behavior);
        Assert.Equal((true, 1, 0), (reader.IsDisposed, reader.Closings, command.Cancellations));
        Assert.False(command.IsDisposed || command.Scripted.IsDisposed);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Owned_IsDisposedWithTheStream(bool ownsCommand, bool ownsConnection)
    {
        var command = new ScriptedCommand(new ScriptedReader(Columns, [1]));
        ScriptedConnection connection = command.Scripted;
        await using (JsonRowStream stream = await command.StreamJsonRowsAsync(new DataReaderRowsOptions { OwnsCommand = ownsCommand, OwnsConnection = ownsConnection }))
        {
            Assert.False(command.IsDisposed || connection.IsDisposed);
        }

        Assert.Equal((ownsCommand, ownsConnection), (command.IsDisposed, connection.IsDisposed));
    }

    [Fact]
    public async Task DisposeBeforeTheEnd_CancelsTheCommand_AndWaitsForWhatIsPending()
    {
        var reader = new ScriptedReader(Columns, [1], [2]);
        reader.IsPending = what => what == "read" && reader.Calls.Count == 2;
        var command = new ScriptedCommand(reader);
        JsonRowStream stream = await command.StreamJsonRowsAsync();
        Assert.Equal(["{\"n\":1}"], await Rows.NextAsync(stream));
        Assert.True(reader.HasPending);
        await stream.DisposeAsync();
        Assert.Equal((1, true, false), (command.Cancellations, reader.IsDisposed, reader.HasPending));
        Assert.False(command.IsDisposed || command.Scripted.IsDisposed);
    }

    [Fact]
    public async Task DisposeUnread_CancelsAndCloses()
    {
        var reader = new ScriptedReader(Columns, [1], [2]);
        var command = new ScriptedCommand(reader);
        await (await command.StreamJsonRowsAsync()).DisposeAsync();
        Assert.Equal((1, true, 0), (command.Cancellations, reader.IsDisposed, reader.Calls.Count));
    }

    [Fact]
    public async Task CancelledRead_CancelsTheCommandOnce_AndIsTheCallersOwn()
    {
        var reader = new ScriptedReader(Columns, [1]) { IsPending = _ => true };
        var command = new ScriptedCommand(reader);
        await using JsonRowStream stream = await command.StreamJsonRowsAsync();
        using var stop = new CancellationTokenSource();
        Task<string[]> next = Rows.NextAsync(stream, stop.Token);
        await Wait.UntilAsync(() => reader.HasPending, Rows.Patience, "a row is waited for");
        await stop.CancelAsync();
        Assert.Equal(stop.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next)).CancellationToken);
        await stream.DisposeAsync();
        Assert.Equal((1, true), (command.Cancellations, reader.IsDisposed));
    }

    [Fact]
    public async Task ProviderThatCannotCancel_IsClosedAllTheSame()
    {
        var reader = new ScriptedReader(Columns, [1], [2]);
        var command = new ScriptedCommand(reader) { CancelFailure = new NotSupportedException() };
        await (await command.StreamJsonRowsAsync(new DataReaderRowsOptions { OwnsConnection = true })).DisposeAsync();
        Assert.True(reader.IsDisposed && command.Scripted.IsDisposed);
    }

    [Fact]
    public async Task ProviderThatIsNotToBeMoved_HoldsNobodyForEver()
    {
        var time = new ManualTimeProvider();
        var reader = new ScriptedReader(Columns, [1]) { IsPending = _ => true };
        var command = new ScriptedCommand(null);
        var options = new DataReaderRowsOptions { OwnsConnection = true, CloseTimeout = TimeSpan.FromSeconds(3) };
        JsonRowStream stream = JsonRowStream.FromDataReader(reader, command, options, new() { TimeProvider = time });
        Task<string[]> next = Rows.NextAsync(stream);
        Task disposal = stream.DisposeAsync().AsTask();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => next);
        while (!disposal.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(4));
            await Task.Yield();
        }

        await disposal;
        Assert.True(command.Scripted.IsDisposed);
    }

    [Fact]
    public async Task LentReader_StaysOpen()
    {
        var reader = new ScriptedReader(Columns, [1], [2]);
        await using (JsonRowStream stream = JsonRowStream.FromDataReader(reader, rowOptions: new() { LeavesReaderOpen = true }))
        {
            Assert.Equal(2, (await Rows.AllAsync(stream)).Length);
        }

        Assert.Equal((false, 0), (reader.IsDisposed, reader.Closings));
    }

    [Fact]
    public async Task CommandThatCannotBeRun_TellsTheProvidersError_AndOwnedIsClosed()
    {
        var failure = new ScriptedFailure("42P01", "no such table");
        var command = new ScriptedCommand(null, failure);
        ScriptedConnection connection = command.Scripted;
        StreamRuntimeException error = await Assert.ThrowsAnyAsync<StreamRuntimeException>(
            async () => await command.StreamJsonRowsAsync(new DataReaderRowsOptions { OwnsCommand = true, OwnsConnection = true }));
        Assert.Equal((ErrorKind.Server, "42P01"), (error.Kind, error.SqlState));
        Assert.Same(failure, error.InnerException);
        Assert.True(command.IsDisposed && connection.IsDisposed);

        var lent = new ScriptedCommand(null, failure);
        await Assert.ThrowsAnyAsync<StreamRuntimeException>(async () => await lent.StreamJsonRowsAsync());
        Assert.False(lent.IsDisposed || lent.Scripted.IsDisposed);

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await new ScriptedCommand(null, new InvalidOperationException("not open")).StreamJsonRowsAsync());
    }

    [Fact]
    public async Task OptionsOutOfRange_AreRefusedBeforeAnythingIsRun()
    {
        var command = new ScriptedCommand(new ScriptedReader(Columns));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await command.StreamJsonRowsAsync(new DataReaderRowsOptions { CloseTimeout = TimeSpan.Zero }));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await command.StreamJsonRowsAsync(new DataReaderRowsOptions { SingleColumn = (SingleColumnForm)9 }));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await command.StreamJsonRowsAsync(new JsonRowStreamOptions { MaxRowBytes = 0 }));
        Assert.Null(command.Behavior);
    }
}
