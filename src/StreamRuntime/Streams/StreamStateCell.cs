using System.Diagnostics;

namespace StreamRuntime.Streams;

/// <summary>The life of one stream in one byte. Any thread may read it; every write follows one legal edge.</summary>
/// <remarks>A mutable struct: hold it in a non-readonly field and never copy it.</remarks>
internal struct StreamStateCell
{
    private const int Ended = 1 << (int)StreamState.Complete | 1 << (int)StreamState.Error;

    // Row = from, bit = to. A zero row is terminal: nothing leaves it.
    private static ReadOnlySpan<byte> Edges =>
    [
        /* Running   */ 1 << (int)StreamState.Paused | Ended,
        /* Paused    */ 1 << (int)StreamState.Running | Ended,
        /* Complete  */ 0,
        /* Error     */ 0,
    ];

    private byte _value; // default is Running

    public readonly StreamState Value => (StreamState)Volatile.Read(in _value);

    public static bool CanMove(StreamState from, StreamState to) => (Edges[(int)from] >> (int)to & 1) != 0;

    /// <summary>True for the one caller that made the move; that caller owns its side effects.</summary>
    public bool TryMove(StreamState from, StreamState to)
    {
        Debug.Assert(CanMove(from, to), "an edge outside the table is our own bug");
        return Interlocked.CompareExchange(ref _value, (byte)to, (byte)from) == (byte)from;
    }

    /// <summary>Ends the stream from any live state; false if it had already ended.</summary>
    public bool TryEnd(StreamState end)
    {
        for (StreamState seen = Value; CanMove(seen, end); seen = Value)
        {
            if (TryMove(seen, end))
            {
                return true;
            }
        }

        return false;
    }
}
