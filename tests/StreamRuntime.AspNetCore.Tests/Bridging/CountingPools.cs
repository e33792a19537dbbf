using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.Extensions.ObjectPool;
using StreamRuntime.AspNetCore.Bridging;

namespace StreamRuntime.AspNetCore.Tests.Bridging;

/// <summary>Pools that know what is out, and refuse what comes back twice.</summary>
internal sealed class CountingPools
{
    private readonly CountingArrays _arrays = new();
    private readonly CountingMessages _messages = new();

    public CountingPools() => Pools = new BridgePools(_messages, _arrays);

    public BridgePools Pools { get; }

    public ArrayPool<byte> Arrays => _arrays;

    public int ArraysOut => _arrays.Out;

    public int MessagesOut => _messages.Out;

    public int ArraysRented => _arrays.Rented;

    public void AssertAllBack()
    {
        Assert.Equal(0, ArraysOut);
        Assert.Equal(0, MessagesOut);
    }

    private sealed class CountingArrays : ArrayPool<byte>
    {
        private readonly ConcurrentDictionary<byte[], byte> _out = new(ReferenceEqualityComparer.Instance);
        private int _rented;

        public int Out => _out.Count;

        public int Rented => Volatile.Read(ref _rented);

        public override byte[] Rent(int minimumLength)
        {
            byte[] array = Shared.Rent(minimumLength);
            Interlocked.Increment(ref _rented);
            return _out.TryAdd(array, 0) ? array : throw new InvalidOperationException("Rented twice.");
        }

        public override void Return(byte[] array, bool clearArray = false)
        {
            if (!_out.TryRemove(array, out _))
            {
                throw new InvalidOperationException("Returned twice, or never rented.");
            }

            Shared.Return(array, clearArray);
        }
    }

    private sealed class CountingMessages : ObjectPool<BridgeMessage>
    {
        private readonly ConcurrentDictionary<BridgeMessage, byte> _out = new();

        public int Out => _out.Count;

        public override BridgeMessage Get()
        {
            BridgeMessage message = new();
            _out.TryAdd(message, 0);
            return message;
        }

        public override void Return(BridgeMessage obj)
        {
            if (!_out.TryRemove(obj, out _))
            {
                throw new InvalidOperationException("Returned twice.");
            }
        }
    }
}
