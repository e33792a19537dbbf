using System.Diagnostics;

namespace StreamRuntime.AspNetCore.Sessions;

/// <summary>The life of one connection in one byte. Any thread may read it; every write follows one legal edge.</summary>
/// <remarks>A mutable struct: hold it in a non-readonly field and never copy it.</remarks>
internal struct ConnectionStateCell
{
    private const int Closing = 1 << (int)ConnectionState.Closing;

    // Row = from, bit = to. A zero row is terminal: nothing leaves it.
    private static ReadOnlySpan<byte> Edges =>
    [
        /* Connecting     */ 1 << (int)ConnectionState.Handshaking | Closing,
        /* Handshaking    */ 1 << (int)ConnectionState.Authenticating | Closing,
        /* Authenticating */ 1 << (int)ConnectionState.Open | Closing,
        /* Open           */ Closing,
        /* Closing        */ 1 << (int)ConnectionState.Closed,
        /* Closed         */ 0,
    ];

    private byte _value; // default is Connecting

    public readonly ConnectionState Value => (ConnectionState)Volatile.Read(in _value);

    public static bool CanMove(ConnectionState from, ConnectionState to) => (Edges[(int)from] >> (int)to & 1) != 0;

    /// <summary>True for the one caller that made the move; that caller owns its side effects.</summary>
    public bool TryMove(ConnectionState from, ConnectionState to)
    {
        Debug.Assert(CanMove(from, to), "an edge outside the table is our own bug");
        return Interlocked.CompareExchange(ref _value, (byte)to, (byte)from) == (byte)from;
    }

    /// <summary>Goes to Closing from any state before it; false if somebody else has.</summary>
    public bool TryClose()
    {
        for (ConnectionState from = Value; CanMove(from, ConnectionState.Closing); from = Value)
        {
            if (TryMove(from, ConnectionState.Closing))
            {
                return true;
            }
        }

        return false;
    }
}
