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
    public void TryTransition_OfAHundredThreadsAskingForConnecting_HasOneWinner()
    {
        int rounds = TestRun.IsFull ? 2_000 : 100;
        for (int round = 0; round < rounds; round++)
        {
            Assert.Equal(1, Race(_ => BridgeState.Connecting, out _));
        }
    }

    [Fact]
    public void TryTransition_OfAHundredThreadsAskingForAnything_TakesEachEdgeOnce()
    {
        int seed = Random.Shared.Next();
        var random = new Random(seed);
        int rounds = TestRun.IsFull ? 2_000 : 100;
        for (int round = 0; round < rounds; round++)
        {
            BridgeState[] wanted = [.. Enumerable.Range(0, Threads).Select(_ => (BridgeState)random.Next(1, 5))];
            int won = Race(i => wanted[i], out BridgeState end);

            // Whatever the order: every win left a state behind for good, so there are no more of them than steps to where it ended.
            Assert.True(won <= (int)end && won >= 1, $"{won} wins to {end}, seed {seed}, round {round}");
        }
    }

    private static int Race(Func<int, BridgeState> wanted, out BridgeState end)
    {
        var shared = new Shared();
        int won = 0;
        using var start = new Barrier(Threads);
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(i => new Thread(() =>
        {
            start.SignalAndWait();
            if (shared.Cell.TryTransition(wanted(i), out _))
            {
                Interlocked.Increment(ref won);
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

        end = shared.Cell.Value;
        return won;
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
    }
}
