using StreamRuntime.TestKit.Conformance;

namespace StreamRuntime.TestKit.Tests.Conformance;

public sealed class ObservedStreamTests
{
    private readonly ReceiveLog _log = new();

    [Fact]
    public async Task Read_AfterRead_IsCountedAndNothingMore()
    {
        await using var stream = new ObservedStream(new MemoryStream([1, 2, 3]), _log);

        Assert.Equal(2, await stream.ReadAsync(new byte[2]));
        Assert.Equal(1, stream.Read(new byte[2], 0, 2));

        Assert.Equal((2, false, null), (_log.Started, _log.IsUnderWay, _log.Broken));
    }

    [Fact]
    public async Task Read_BesideAnother_IsWrittenDown()
    {
        await using var stream = new ObservedStream(new Waiting(), _log);
        _ = stream.ReadAsync(new byte[1]).AsTask();
        Assert.True(_log.IsUnderWay);
        Assert.Null(_log.Broken);

        _ = stream.ReadAsync(new byte[1]).AsTask();

        Assert.Equal("a receive was started while another was under way", _log.Broken);
    }

    [Fact]
    public async Task Close_DuringARead_IsWrittenDown()
    {
        var stream = new ObservedStream(new Waiting(), _log);
        _ = stream.ReadAsync(new byte[1]).AsTask();

        await stream.DisposeAsync();

        Assert.Equal("the connection was closed while a receive was under way", _log.Broken);
    }

    private sealed class Waiting : MemoryStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return 0;
        }
    }
}
