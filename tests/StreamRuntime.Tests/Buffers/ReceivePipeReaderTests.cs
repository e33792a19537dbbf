using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using StreamRuntime.Buffers;
using StreamRuntime.TestKit.Streams;

namespace StreamRuntime.Tests.Buffers;

public sealed class ReceivePipeReaderTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    [InlineData(int.MaxValue)]
    public async Task EveryByte_ComesOnceAndInOrder(int fragment)
    {
        byte[] expected = Bytes(100_000);
        var reader = new ReceivePipeReader(new DribbleStream(new MemoryStream(expected), Segmentation.Fragments(fragment)), 8192);
        var random = new Random(1);
        var seen = new MemoryStream();
        while (true)
        {
            ReadResult read = await reader.ReadAsync();
            if (read.IsCompleted)
            {
                seen.Write(read.Buffer.ToArray());
                break;
            }

            long take = read.Buffer.Length >= 4000 ? read.Buffer.Length : random.NextInt64(read.Buffer.Length + 1);
            seen.Write(read.Buffer.Slice(0, take).ToArray());
            reader.AdvanceTo(read.Buffer.GetPosition(take), read.Buffer.End);
        }

        Assert.Equal(expected, seen.ToArray());
        await reader.CompleteAsync();
    }

    [Fact]
    public async Task BytesConsumedButNotExamined_ComeBackWithoutAReceive()
    {
        var stream = new CountingStream(Bytes(100));
        var reader = new ReceivePipeReader(stream);
        ReadResult read = await reader.ReadAsync();
        Assert.Equal(100, read.Buffer.Length);
        reader.AdvanceTo(read.Buffer.GetPosition(40), read.Buffer.GetPosition(50));
        Assert.True(reader.TryRead(out read));
        Assert.Equal(60, read.Buffer.Length);
        Assert.Equal(Bytes(100)[40..], read.Buffer.ToArray());
        reader.AdvanceTo(read.Buffer.Start, read.Buffer.GetPosition(60));
        Assert.False(reader.TryRead(out _));
        Assert.Equal(1, stream.Reads);
        read = await reader.ReadAsync();
        Assert.Equal((60, true, 2), (read.Buffer.Length, read.IsCompleted, stream.Reads));
        reader.AdvanceTo(read.Buffer.End);
        Assert.True(reader.TryRead(out read));
        Assert.True(read.IsCompleted && read.Buffer.IsEmpty);
    }

    [Fact]
    public async Task AdvanceTo_OutsideTheBuffer_Throws()
    {
        var reader = new ReceivePipeReader(new MemoryStream(Bytes(10)));
        ReadResult read = await reader.ReadAsync();
        SequencePosition old = read.Buffer.Start;
        SequencePosition middle = read.Buffer.GetPosition(5);
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.AdvanceTo(middle, old));
        reader.AdvanceTo(middle);
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.AdvanceTo(old));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.Consume(6));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.Consume(-1));
        Assert.Equal(5, reader.Buffered.Length);
    }

    [Fact]
    public async Task AnItemLargerThanTheBuffer_IsReceivedInLargePieces()
    {
        const int Size = 3_000_000;
        var stream = new CountingStream(Bytes(Size));
        var reader = new ReceivePipeReader(stream, 64 * 1024);
        ReadResult read;
        do
        {
            read = await reader.ReadAsync();
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
        while (!read.IsCompleted);

        Assert.Equal(Size, reader.Buffered.Length);
        Assert.Equal(Bytes(Size), reader.Buffered.ToArray());
        Assert.InRange(stream.Reads, 2, 25);
    }

    [Fact]
    public async Task Needed_MakesRoomForAllOfIt_AndTheRoomShrinksBack()
    {
        byte[] expected = Bytes(1_000_000);
        var reader = new ReceivePipeReader(new MemoryStream(expected), 4096);
        while (reader.Buffered.Length < 500_000)
        {
            await reader.ReceiveAsync(needed: 500_000);
        }

        Assert.Equal(500_000, reader.Buffered.Length);
        reader.Consume(499_990);
        Assert.InRange(await reader.ReceiveAsync(), 1, 4086);
        Assert.Equal(expected.AsSpan(499_990, reader.Buffered.Length), reader.BufferedSpan);
        await reader.CompleteAsync();
    }

    [Fact]
    public async Task Room_GrowsWithFullReceives_UpToTheMost()
    {
        var stream = new CountingStream(Bytes(2_000_000));
        var reader = new ReceivePipeReader(stream, 64 * 1024);
        int most = 0;
        while (await reader.ReceiveAsync() is > 0 and int received)
        {
            most = Math.Max(most, received);
            Assert.InRange(reader.Buffered.Length, 1, 64 * 1024);
            reader.Consume(reader.Buffered.Length);
        }

        Assert.Equal(64 * 1024, most);
        Assert.True(reader.IsEnded);
        Assert.Equal(0, await reader.ReceiveAsync());
    }

    [Fact]
    public async Task CancelPendingRead_EndsTheReadUnderWay_AndLosesNothing()
    {
        var pipe = new Pipe();
        var reader = new ReceivePipeReader(pipe.Reader.AsStream());
        Task<ReadResult> pending = reader.ReadAsync().AsTask();
        Assert.False(pending.IsCompleted);
        reader.CancelPendingRead();
        ReadResult read = await pending.WaitAsync(Patience);
        Assert.True(read.IsCanceled && read.Buffer.IsEmpty && !read.IsCompleted);
        reader.AdvanceTo(read.Buffer.Start);

        await pipe.Writer.WriteAsync("abc"u8.ToArray());
        read = await reader.ReadAsync();
        Assert.False(read.IsCanceled);
        Assert.Equal("abc"u8.ToArray(), read.Buffer.ToArray());
    }

    [Fact]
    public async Task CancelPendingRead_AheadOfARead_EndsThatOneOnly()
    {
        var reader = new ReceivePipeReader(new MemoryStream(Bytes(3)));
        reader.CancelPendingRead();
        Assert.True((await reader.ReadAsync()).IsCanceled);
        ReadResult read = await reader.ReadAsync();
        Assert.False(read.IsCanceled);
        Assert.Equal(3, read.Buffer.Length);
        reader.CancelPendingRead();
        Assert.True(reader.TryRead(out read));
        Assert.True(read.IsCanceled);
        Assert.Equal(3, read.Buffer.Length);
    }

    [Fact]
    public async Task CancelPendingRead_RacingTheRead_NeverThrows_AndIsNeverLost()
    {
        for (int round = 0; round < 2000; round++)
        {
            var reader = new ReceivePipeReader(new DribbleStream(new MemoryStream(Bytes(4)), Segmentation.Fragments(1), completesLater: true));
            int canceled = 0, bytes = 0;
            Task canceller = Task.Run(reader.CancelPendingRead);
            while (true)
            {
                ReadResult read = await reader.ReadAsync();
                canceled += read.IsCanceled ? 1 : 0;
                bytes += (int)read.Buffer.Length;
                reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }

            await canceller;
            canceled += reader.TryRead(out ReadResult last) && last.IsCanceled ? 1 : 0;
            Assert.Equal((1, 4), (canceled, bytes));
        }
    }

    [Fact]
    public async Task CallersToken_ThrowsWithThatToken_AndLosesNothing()
    {
        var pipe = new Pipe();
        var reader = new ReceivePipeReader(pipe.Reader.AsStream());
        using var cancel = new CancellationTokenSource();
        Task<ReadResult> pending = reader.ReadAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending.WaitAsync(Patience));
        await pipe.Writer.WriteAsync("abc"u8.ToArray());
        Assert.Equal(3, (await reader.ReadAsync()).Buffer.Length);
    }

    [Fact]
    public async Task Detach_LeavesHandedOutBytesAsTheyAre()
    {
        var reader = new ReceivePipeReader(new MemoryStream(Bytes(20_000)), 4096);
        await reader.ReceiveAsync();
        ReadOnlyMemory<byte> held = reader.Buffered;
        byte[] copy = held.ToArray();
        reader.Consume(100);
        reader.Detach();
        Assert.Equal(copy[100..], reader.Buffered.ToArray());
        reader.Consume(reader.Buffered.Length);
        await reader.ReceiveAsync();
        await reader.CompleteAsync();
        byte[] rented = ArrayPool<byte>.Shared.Rent(4096);
        rented.AsSpan().Fill(0xEE);
        Assert.Equal(copy, held.ToArray());
        ArrayPool<byte>.Shared.Return(rented);
    }

    [Fact]
    public async Task Complete_DisposesTheStreamUnlessLeftOpen_AndEndsReading()
    {
        foreach (bool leaveOpen in new[] { false, true })
        {
            var stream = new MemoryStream(Bytes(10));
            var reader = new ReceivePipeReader(stream, leaveOpen: leaveOpen);
            await reader.ReadAsync();
            await reader.CompleteAsync();
            await reader.CompleteAsync();
            Assert.Equal(leaveOpen, stream.CanRead);
            Assert.Throws<ObjectDisposedException>(() => reader.TryRead(out _));
            await Assert.ThrowsAsync<ObjectDisposedException>(async () => await reader.ReceiveAsync());
        }
    }

    [Fact]
    public async Task ReleaseIdleMemory_GoesOnInAFreshBuffer()
    {
        var reader = new ReceivePipeReader(new DribbleStream(new MemoryStream(Bytes(8)), Segmentation.Fragments(4)));
        await reader.ReceiveAsync();
        reader.ReleaseIdleMemory();
        Assert.Equal(4, reader.Buffered.Length);
        reader.Consume(4);
        reader.ReleaseIdleMemory();
        Assert.Equal(0, reader.Buffered.Length);
        await reader.ReceiveAsync();
        Assert.Equal(Bytes(8)[4..], reader.Buffered.ToArray());
    }

    [Fact]
    public async Task ReleaseIdleMemory_WithABegunRow_KeepsItAndNotTheBuffer()
    {
        byte[] bytes = Bytes(40_000);
        var reader = new ReceivePipeReader(new MemoryStream(bytes));
        await reader.ReceiveAsync();
        int received = reader.Buffered.Length;
        reader.Consume(received - 300);

        reader.ReleaseIdleMemory();

        Assert.Equal(bytes[(received - 300)..received], reader.Buffered.ToArray());
        Assert.True(MemoryMarshal.TryGetArray(reader.Buffered, out ArraySegment<byte> kept));
        Assert.InRange(kept.Array!.Length, 300, 512);
        while (await reader.ReceiveAsync() > 0)
        {
        }

        Assert.Equal(bytes[(received - 300)..], reader.Buffered.ToArray());
    }

    private static byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            bytes[i] = (byte)(i * 31 + i / 251);
        }

        return bytes;
    }

    private sealed class CountingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public int Reads { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Reads++;
            return base.ReadAsync(buffer, cancellationToken);
        }
    }
}
