using System.Net;
using System.Net.Sockets;

namespace StreamRuntime.AspNetCore.Limits;

/// <summary>Counts connections, all in all and by client address, and lets no more in than there may be.</summary>
/// <remarks>Thread-safe. An address without connections takes no memory.</remarks>
internal sealed class Admission(int most, int mostPerAddress)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _perAddress = [];
    private int _count;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _count;
            }
        }
    }

    /// <summary>How many addresses have a connection.</summary>
    public int Addresses
    {
        get
        {
            lock (_lock)
            {
                return _perAddress.Count;
            }
        }
    }

    /// <summary>Lets one in; whoever was let in leaves by <see cref="Leave"/>, once, with the same address.</summary>
    public Refusal TryEnter(IPAddress address)
    {
        IPAddress counted = CountedAs(address);
        lock (_lock)
        {
            if (_count >= most)
            {
                return Refusal.TooManyConnections;
            }

            int held = _perAddress.GetValueOrDefault(counted);
            if (held >= mostPerAddress)
            {
                return Refusal.TooManyFromAddress;
            }

            _perAddress[counted] = held + 1;
            _count++;
            return Refusal.None;
        }
    }

    public void Leave(IPAddress address)
    {
        IPAddress counted = CountedAs(address);
        lock (_lock)
        {
            _count--;
            int held = _perAddress[counted] - 1;
            if (held == 0)
            {
                _perAddress.Remove(counted);
            }
            else
            {
                _perAddress[counted] = held;
            }
        }
    }

    // Whoever has an IPv6 network has 2^64 addresses in it, so its network is the client.
    private static IPAddress CountedAs(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }
}
