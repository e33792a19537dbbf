using StreamRuntime.Timing;
using Xunit.Abstractions;

namespace StreamRuntime.Tests.Timing;

public sealed class WheelSlotsTests(ITestOutputHelper output)
{
    [Fact]
    public void NextTick_EmptyWheel_IsNever()
    {
        var slots = new WheelSlots();
        Assert.Equal((MonotonicClock.Never, 0), (slots.NextTick, slots.Count));
        Assert.Null(slots.Take(1000));
        Assert.Equal(1000, slots.Now);
    }

    // A slot of level 0 is one tick, of level 1 64 ticks, and so on; it comes up where it begins.
    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(0, 63, 63)]
    [InlineData(0, 64, 64)]
    [InlineData(0, 100, 64)]
    [InlineData(63, 64, 64)]
    [InlineData(60, 70, 64)]
    [InlineData(64, 70, 70)]
    [InlineData(0, 4095, 63 * 64)]
    [InlineData(0, 5000, 4096)]
    [InlineData(4096, 5000, 4992)]
    [InlineData(0, WheelSlots.End - 1, 63L << 42)]
    public void NextTick_OneEntry_IsWhereItsSlotBegins(long now, long tick, long expected)
    {
        WheelSlots slots = At(now);
        slots.Add(Entry(), tick);
        Assert.Equal(expected, slots.NextTick);
    }

    [Fact]
    public void Remove_AnyOfASlot_LeavesTheOthers()
    {
        for (int removed = 0; removed < 3; removed++)
        {
            var slots = new WheelSlots();
            Deadline[] entries = [Entry(), Entry(), Entry()];
            Array.ForEach(entries, e => slots.Add(e, 5));
            slots.Remove(entries[removed]);
            Assert.Equal((2, 5), (slots.Count, slots.NextTick));
            HashSet<Deadline> taken = [slots.Take(5)!, slots.Take(5)!];
            Assert.Equal(entries.Where(e => e != entries[removed]).ToHashSet(), taken);
            Assert.Null(slots.Take(5));
            Assert.Equal(MonotonicClock.Never, slots.NextTick);
        }
    }

    [Fact]
    public void TurnTo_PastASlot_WaitsForItToBeEmptied()
    {
        var slots = new WheelSlots();
        slots.Add(Entry(), 5);
        slots.TurnTo(4);
        Assert.Equal(4, slots.Now);
        slots.TurnTo(5);
        Assert.Equal(4, slots.Now);
        Assert.NotNull(slots.Take(5));
        slots.TurnTo(70);
        Assert.Equal(70, slots.Now);
    }

    [Fact]
    public void Take_HalfEmptiedSlot_IsEmptiedBeforeAnyOther()
    {
        var slots = new WheelSlots();
        Deadline first = Entry(), second = Entry();
        slots.Add(first, 100);
        slots.Add(second, 100);
        Deadline taken = slots.Take(64)!;
        Assert.Equal((64, 64), (slots.Now, slots.NextTick));
        slots.Add(taken, 70);
        slots.TurnTo(69);
        Assert.Equal((64, 64), (slots.Now, slots.NextTick));
        Assert.Same(taken == first ? second : first, slots.Take(64));
        Assert.Null(slots.Take(64));
        Assert.Equal(70, slots.NextTick);
    }

    [Fact]
    public void RandomHistory_AgainstASortedList_GivesEveryEntryAtItsTick()
    {
        var random = new Random(TestRun.Seed(output));
        for (int round = 0; round < (TestRun.IsFull ? 5_000 : 500); round++)
        {
            var slots = new WheelSlots();
            var due = new SortedSet<(long Tick, int Id)>();
            Deadline[] entries = [.. Enumerable.Range(0, 30).Select(_ => Entry())];
            long[] ticks = new long[entries.Length];
            for (int step = 0; step < 200; step++)
            {
                int id = random.Next(entries.Length);
                if (due.Remove((ticks[id], id)))
                {
                    slots.Remove(entries[id]);
                }
                else
                {
                    ticks[id] = slots.Now + 1 + random.NextInt64(1L << random.Next(44));
                    slots.Add(entries[id], ticks[id]);
                    due.Add((ticks[id], id));
                }

                Assert.Equal(due.Count, slots.Count);
                Assert.True(due.Count == 0 ? slots.NextTick == MonotonicClock.Never : slots.NextTick <= due.Min.Tick && slots.NextTick > slots.Now);
                if (random.Next(4) == 0)
                {
                    Turn(slots, entries, ticks, due, due.Count == 0 || random.Next(3) == 0 ? slots.Now + 1 + random.Next(100) : due.Min.Tick + random.Next(3) - 1);
                }
            }
        }
    }

    private static void Turn(WheelSlots slots, Deadline[] entries, long[] ticks, SortedSet<(long Tick, int Id)> due, long to)
    {
        if (to >= WheelSlots.End || to < slots.Now)
        {
            return;
        }

        while (slots.Take(to) is { } entry)
        {
            int id = Array.IndexOf(entries, entry);
            if (ticks[id] <= to)
            {
                Assert.True(due.Remove((ticks[id], id)));
            }
            else
            {
                slots.Add(entry, ticks[id]);
            }
        }

        Assert.True(due.Count == 0 || due.Min.Tick > to, $"{to} left {due.Min} behind");
        Assert.Equal(to, slots.Now);
    }

    private static WheelSlots At(long now)
    {
        var slots = new WheelSlots();
        slots.TurnTo(now);
        return slots;
    }

    private static Deadline Entry() => new(Wheel, _ => { });

    private static readonly TimingWheel Wheel = new(TimeProvider.System);
}
