using System.Buffers;

namespace StreamRuntime.Tests.Sources;

/// <summary>Gives exactly as much as it is asked for, so that a pipe starts a new segment for every write.</summary>
internal sealed class ExactMemoryPool : MemoryPool<byte>
{
    public override int MaxBufferSize => int.MaxValue;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => new Owner(new byte[Math.Max(1, minBufferSize)]);

    protected override void Dispose(bool disposing)
    {
    }

    private sealed class Owner(byte[] bytes) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory => bytes;

        public void Dispose()
        {
        }
    }
}
