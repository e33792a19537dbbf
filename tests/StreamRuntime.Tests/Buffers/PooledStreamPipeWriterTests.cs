using System.Buffers;
using StreamRuntime.Buffers;

namespace StreamRuntime.Tests.Buffers;

public sealed class PooledStreamPipeWriterTests : IDisposable
{
    private const int Kept = 128 * 1024;
    private readonly MemoryStream _output = new();

    public void Dispose() => _output.Dispose();

    [Fact]
    public async Task Writes_AreOneAFlush_InOrder()
    {
        var writer = new PooledStreamPipeWriter(_output, Kept);
        writer.Write("abc"u8);
        writer.Write(new byte[200_000]);
        writer.Write("xyz"u8);
        Assert.Equal(200_006, writer.UnflushedBytes);
        Assert.Equal(0, _output.Length);
        Assert.False((await writer.FlushAsync()).IsCompleted);
        await writer.FlushAsync();
        Assert.Equal((200_006, 0), (_output.Length, writer.UnflushedBytes));
        Assert.Equal((byte)'z', _output.ToArray()[^1]);
        await writer.CompleteAsync();
        Assert.True(_output.CanWrite);
    }

    [Fact]
    public async Task RoomForAHugeRow_IsGivenBackAfterIt()
    {
        var writer = new PooledStreamPipeWriter(_output, Kept);
        writer.GetSpan(8 * 1024 * 1024);
        writer.Advance(8 * 1024 * 1024);
        await writer.FlushAsync();
        Assert.InRange(writer.GetMemory(10).Length, 10, Kept);
        await writer.CompleteAsync();
    }

    [Fact]
    public async Task OrdinaryRoom_IsKept()
    {
        var writer = new PooledStreamPipeWriter(_output, Kept);
        writer.Write(new byte[100_000]);
        await writer.FlushAsync();
        Assert.Equal(Kept, writer.GetMemory(10).Length);
        await writer.CompleteAsync();
    }

    [Fact]
    public void Advance_PastTheRoom_Throws()
    {
        var writer = new PooledStreamPipeWriter(_output, Kept);
        int room = writer.GetMemory().Length;
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Advance(room + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Advance(-1));
        writer.Complete();
    }
}
