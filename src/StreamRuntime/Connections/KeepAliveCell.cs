namespace StreamRuntime.Connections;

/// <summary>The state of one connection in one byte. Any thread may read it; every write follows one edge of the table.</summary>
/// <remarks>
/// <para>A mutable struct: hold it in a non-readonly field and never copy it.</para>
/// <para>
/// A move is one compare-and-swap, which holds the cell for its winner, and one plain store, which makes the new state seen. What belongs to the
/// state (its deadline, say) is written in between, so whoever sees a state sees what belongs to it. Readers never wait for the few instructions
/// in between and see the old state; other movers do.
/// </para>
/// </remarks>
internal struct KeepAliveCell
{
    private const int Held = 0x80;

    // Row = from, bit = to.
    private static ReadOnlySpan<byte> Edges =>
    [
        /* Active */ 1 << (int)KeepAliveState.Active | 1 << (int)KeepAliveState.Idle | 1 << (int)KeepAliveState.Error,
        /* Idle   */ 1 << (int)KeepAliveState.Active | 1 << (int)KeepAliveState.Error,
        /* Error  */ 1 << (int)KeepAliveState.Active,
    ];

    private byte _value; // default is Active

    public readonly KeepAliveState Value => (KeepAliveState)(Volatile.Read(in _value) & ~Held);

    public static bool CanMove(KeepAliveState from, KeepAliveState to) =>
        (int)from < Edges.Length && (int)to < Edges.Length && (Edges[(int)from] >> (int)to & 1) != 0;

    /// <summary>True for the one caller that made the move; that caller owns its side effects.</summary>
    public bool TryMove(KeepAliveState from, KeepAliveState to)
    {
        if (!CanMove(from, to) || !TryHold(from))
        {
            return false;
        }

        Release(to);
        return true;
    }

    /// <summary>True for the one caller that now holds the cell in this state, and must release it within a few instructions.</summary>
    public bool TryHold(KeepAliveState state)
    {
        byte seen = Interlocked.CompareExchange(ref _value, (byte)((int)state | Held), (byte)state);
        return seen == (byte)state || (seen == ((int)state | Held) && TryHoldSlow(state));
    }

    /// <summary>Ends the hold in this state.</summary>
    public void Release(KeepAliveState state) => Volatile.Write(ref _value, (byte)state);

    // Whether the holder moves the cell away from this state is known in a moment.
    private bool TryHoldSlow(KeepAliveState state)
    {
        SpinWait spinner = default;
        while (true)
        {
            spinner.SpinOnce();
            byte seen = Interlocked.CompareExchange(ref _value, (byte)((int)state | Held), (byte)state);
            if (seen != ((int)state | Held))
            {
                return seen == (byte)state;
            }
        }
    }
}
