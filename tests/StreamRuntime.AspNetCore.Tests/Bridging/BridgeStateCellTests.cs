using StreamRuntime.AspNetCore.Bridging;

namespace StreamRuntime.AspNetCore.Tests.Bridging;

public sealed class BridgeStateCellTests
{
    private const int Threads = 100;

    private static readonly HashSet<(BridgeState, BridgeState)> Legal =
    [
        (BridgeState.Created, BridgeState.Connecting),
        (BridgeState.Created, BridgeState.Closing),
        (BridgeState.Connecting, BridgeState.Active),
        (BridgeState.Connecting, BridgeState.Closing),
        (BridgeState.Active, BridgeState.Closing),
        (BridgeState.Closing, BridgeState.Closed),
    ];

    public static TheoryData<BridgeState, BridgeState> EveryPair()
    {
        var pairs = new TheoryData<BridgeState, BridgeState>();
        foreach (BridgeState from in Enum.GetValues<BridgeState>())
        {
            foreach (BridgeState to in Enum.GetValues<BridgeState>())
            {
                pairs.Add(from, to);
            }
        }

        return pairs;
    }

    [Fact]
    public void Values_AreTheOnesPublished() => Assert.Equal(
        [0, 1, 2, 3, 4],
        new[] { BridgeState.Created, BridgeState.Connecting, BridgeState.Active, BridgeState.Closing, BridgeState.Closed }.Select(s => (int)s));

    [Theory]
    [MemberData(nameof(EveryPair))]
    public void TryTransition_OfEveryPair_FollowsTheTable(BridgeState from, BridgeState to)
    {
        bool isLegal = Legal.Contains((from, to));
        BridgeStateCell cell = At(from);
        Assert.Equal(isLegal, BridgeStateCell.CanMove(from, to));
        Assert.Equal(isLegal, cell.TryTransition(to, out BridgeState left));
        Assert.Equal(from, left);
        Assert.Equal(isLegal ? to : from, cell.Value);
    }

    [Fact]
    public void TryTransition_OfAHundredThreadsAskingForConnecting_HasOneWinner() =>
        Assert.All(Race((_, _) => BridgeState.Connecting), c => Assert.Equal((1, BridgeState.Connecting), (c.Wins, c.Cell.Value)));

    [Fact]
    public void TryTransition_OfAHundredThreadsAskingForAnything_TakesEachEdgeOnce()
    {
        int seed = Random.Shared.Next();
        Shared[] cells = Race((thread, cell) => (BridgeState)(1 + Mix(seed, thread, cell) % 4));

        // Whatever the order: every win left a state behind for good, so there are no more of them than steps to where it ended.
        Assert.All(cells, c => Assert.True(c.Wins >= 1 && c.Wins <= (int)c.Cell.Value, $"{c.Wins} wins to {c.Cell.Value}, seed {seed}"));
    }

    // Not HashCode, which differs from run to run: a printed seed is to bring the same run again.
    private static uint Mix(int seed, int thread, int cell) => unchecked(((uint)seed + (uint)thread * 0x9E3779B9u) * 0x85EBCA6Bu ^ (uint)cell * 0xC2B2AE35u) >> 13;

    /// <summary>Has every thread ask every cell once, all in the same order, so that they meet at as many cells as the machine allows.</summary>
    private static Shared[] Race(Func<int, int, BridgeState> wanted)
    {
        Shared[] cells = [.. Enumerable.Range(0, TestRun.IsFull ? 1_000_000 : 50_000).Select(_ => new Shared())];
        using var start = new Barrier(Threads);
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(thread => new Thread(() =>
        {
            start.SignalAndWait();
            for (int i = 0; i < cells.Length; i++)
            {
                if (cells[i].Cell.TryTransition(wanted(thread, i), out _))
                {
                    Interlocked.Increment(ref cells[i].Wins);
                }
            }
        }, maxStackSize: 128 * 1024))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        return cells;
    }

    private static BridgeStateCell At(BridgeState state)
    {
        var cell = default(BridgeStateCell);
        foreach (BridgeState step in Enum.GetValues<BridgeState>().Where(s => s > BridgeState.Created && s <= state))
        {
            Assert.True(cell.TryTransition(step, out _));
        }

        return cell;
    }

    private sealed class Shared
    {
        public BridgeStateCell Cell;
        public int Wins;
    }
}
