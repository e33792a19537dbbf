namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>The life of one session in one byte. Any thread may read it, without a lock; every write follows one legal edge.</summary>
/// <remarks>A mutable struct: hold it in a non-readonly field and never copy it.</remarks>
internal struct BridgeStateCell
{
    private const int Closing = 1 << (int)BridgeState.Closing;

    // Row = from, bit = to. A zero row is terminal: nothing leaves it.
    private static ReadOnlySpan<byte> Edges =>
    [
        /* Created    */ 1 << (int)BridgeState.Connecting | Closing,
        /* Connecting */ 1 << (int)BridgeState.Active | Closing,
        /* Active     */ Closing,
        /* Closing    */ 1 << (int)BridgeState.Closed,
        /* Closed     */ 0,
    ];

    private byte _value; // default is Created

    public readonly BridgeState Value => (BridgeState)Volatile.Read(in _value);

    public static bool CanMove(BridgeState from, BridgeState to) => (Edges[(int)from] >> (int)to & 1) != 0;

    /// <summary>Goes to a state from wherever the table lets it be reached. No state leads to itself, so of any number of callers one wins.</summary>
    /// <param name="to">Where to.</param>
    /// <param name="from">Where it came from, or the state that does not lead there.</param>
    /// <returns>True for the one caller that made the move; that caller owns its side effects.</returns>
    public bool TryTransition(BridgeState to, out BridgeState from)
    {
        for (from = Value; CanMove(from, to); from = Value)
        {
            if (Interlocked.CompareExchange(ref _value, (byte)to, (byte)from) == (byte)from)
            {
                return true;
            }
        }

        return false;
    }
}
