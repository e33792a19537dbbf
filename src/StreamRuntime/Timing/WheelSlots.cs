using System.Diagnostics;
using System.Numerics;

namespace StreamRuntime.Timing;

/// <summary>The wheel itself: which deadline is in which slot, and which slot comes up next. It has no clock, timer or lock: a tick is a number.</summary>
/// <remarks>
/// <para>
/// Eight levels of 64 slots. A slot of level 0 is one tick, of level 1 64 ticks, of level 2 4 096, and so on. An entry goes to the level of the
/// highest 6-bit digit in which its tick differs from now, into the slot of that digit. So it moves down a level whenever its slot comes up, and
/// at level 0 its tick has come. Eight digits reach 2^48 ticks: more than a long of nanoseconds holds at a millisecond each, so nothing is ever
/// too far away.
/// </para>
/// <para>
/// It follows that every filed slot of a level lies after now's own digit (slot 0 is never used), and that any slot of a lower level comes up
/// before those of a higher one: the next slot is the lowest bit of the lowest level that has one. Not thread-safe; the wheel's lock guards it.
/// </para>
/// </remarks>
internal sealed class WheelSlots
{
    private const int Levels = 8;
    private const int DigitBits = 6;
    private const int SlotsPerLevel = 1 << DigitBits;
    private const int NoSlot = 0;

    /// <summary>The first tick the wheel can't hold.</summary>
    public const long End = 1L << (Levels * DigitBits);

    private readonly Deadline?[] _heads = new Deadline?[Levels * SlotsPerLevel];
    private readonly ulong[] _occupied = new ulong[Levels];

    // The slot that has come up and is being emptied. Nothing is filed into it meanwhile: its time is now.
    private int _open = NoSlot;

    /// <summary>The tick up to which the wheel has turned.</summary>
    public long Now { get; private set; }

    /// <summary>How many entries are filed.</summary>
    public int Count { get; private set; }

    /// <summary>The tick at which the next slot comes up, to be emptied by <see cref="Take"/>; <see cref="MonotonicClock.Never"/> if all are empty.</summary>
    public long NextTick
    {
        get
        {
            if (_heads[_open] is not null)
            {
                return Now;
            }

            int level = LowestLevel();
            return level < Levels ? TickOf(level, BitOperations.TrailingZeroCount(_occupied[level])) : MonotonicClock.Never;
        }
    }

    /// <summary>Files an entry that is in no slot.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="tick">After <see cref="Now"/>, before <see cref="End"/>.</param>
    public void Add(Deadline entry, long tick)
    {
        Debug.Assert(tick > Now && tick < End && entry.Phase != DeadlinePhase.Filed, "what is due is run, not filed");
        int level = BitOperations.Log2((ulong)(tick ^ Now)) / DigitBits;
        int slot = DigitOf(tick, level);
        int index = level * SlotsPerLevel + slot;
        Deadline? head = _heads[index];
        entry.Next = head;
        head?.Previous = entry;
        entry.Slot = (ushort)index;
        entry.Phase = DeadlinePhase.Filed;
        _heads[index] = entry;
        _occupied[level] |= 1UL << slot;
        Count++;
    }

    /// <summary>Takes a filed entry out of its slot.</summary>
    public void Remove(Deadline entry)
    {
        Debug.Assert(entry.Phase == DeadlinePhase.Filed, "only what is filed can be taken out");
        if (entry.Previous is { } previous)
        {
            previous.Next = entry.Next;
        }
        else
        {
            _heads[entry.Slot] = entry.Next;
            if (entry.Next is null)
            {
                _occupied[entry.Slot / SlotsPerLevel] &= ~(1UL << (entry.Slot % SlotsPerLevel));
            }
        }

        entry.Next?.Previous = entry.Previous;
        entry.Next = null;
        entry.Previous = null;
        entry.Phase = DeadlinePhase.None;
        Count--;
    }

    /// <summary>
    /// Takes one entry out of a slot that comes up by a tick, to be run or filed anew. Null when there is none left; the wheel then has turned
    /// to that tick.
    /// </summary>
    public Deadline? Take(long tick)
    {
        if (_heads[_open] is null && !TryOpenNext(tick))
        {
            Now = Math.Max(Now, tick);
            return null;
        }

        Deadline entry = _heads[_open]!;
        Remove(entry);
        return entry;
    }

    /// <summary>Turns the wheel to a tick if no slot comes up by then.</summary>
    public void TurnTo(long tick)
    {
        if (tick > Now && NextTick > tick)
        {
            _open = NoSlot;
            Now = tick;
        }
    }

    // The wheel turns to where the slot begins first, so that none of its entries can be filed into it again.
    private bool TryOpenNext(long tick)
    {
        _open = NoSlot;
        int level = LowestLevel();
        if (level == Levels)
        {
            return false;
        }

        int slot = BitOperations.TrailingZeroCount(_occupied[level]);
        long from = TickOf(level, slot);
        if (from > tick)
        {
            return false;
        }

        Now = from;
        _open = level * SlotsPerLevel + slot;
        return true;
    }

    private int LowestLevel()
    {
        int level = 0;
        while (level < Levels && _occupied[level] == 0)
        {
            level++;
        }

        return level;
    }

    private long TickOf(int level, int slot)
    {
        int shift = level * DigitBits;
        return (Now >> (shift + DigitBits) << (shift + DigitBits)) | ((long)slot << shift);
    }

    private static int DigitOf(long tick, int level) => (int)(tick >> (level * DigitBits)) & (SlotsPerLevel - 1);
}
