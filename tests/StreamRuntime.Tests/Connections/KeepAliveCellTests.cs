using System.Runtime.CompilerServices;
using StreamRuntime.Connections;
using Xunit.Abstractions;

namespace StreamRuntime.Tests.Connections;

public sealed class KeepAliveCellTests(ITestOutputHelper output)
{
    private static readonly HashSet<(KeepAliveState, KeepAliveState)> Legal =
    [
        (KeepAliveState.Active, KeepAliveState.Active),
        (KeepAliveState.Active, KeepAliveState.Idle),
        (KeepAliveState.Active, KeepAliveState.Error),
        (KeepAliveState.Idle, KeepAliveState.Active),
        (KeepAliveState.Idle, KeepAliveState.Error),
        (KeepAliveState.Error, KeepAliveState.Active),
    ];

    public static TheoryData<KeepAliveState, KeepAliveState> EveryPair()
    {
        var pairs = new TheoryData<KeepAliveState, KeepAliveState>();
        foreach (KeepAliveState from in Enum.GetValues<KeepAliveState>())
        {
            foreach (KeepAliveState to in Enum.GetValues<KeepAliveState>())
            {
                pairs.Add(from, to);
            }
        }

        return pairs;
    }

    public static bool IsLegal(KeepAliveState from, KeepAliveState to) => Legal.Contains((from, to));

    [Fact]
    public void Values_AreTheOnesPublished() =>
        Assert.Equal([0, 1, 2], new[] { KeepAliveState.Active, KeepAliveState.Idle, KeepAliveState.Error }.Select(s => (int)s));

    [Fact]
    public void TenThousandConnections_CostTenKilobytesOfState()
    {
        Assert.Equal(1, Unsafe.SizeOf<KeepAliveCell>());
        long before = GC.GetAllocatedBytesForCurrentThread();
        var cells = new KeepAliveCell[10_000];
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, cells.Length, cells.Length + 32);
    }

    [Theory]
    [MemberData(nameof(EveryPair))]
    public void CanMove_FollowsTheTable(KeepAliveState from, KeepAliveState to) => Assert.Equal(IsLegal(from, to), KeepAliveCell.CanMove(from, to));

    [Theory]
    [InlineData(3, 0)]
    [InlineData(0, 3)]
    [InlineData(128, 0)]
    [InlineData(0, 255)]
    public void CanMove_NoStateAtAll_IsRefused(byte from, byte to) => Assert.False(KeepAliveCell.CanMove((KeepAliveState)from, (KeepAliveState)to));

    [Theory]
    [MemberData(nameof(EveryPair))]
    public void TryMove_MovesAlongTheTable_AndOnlyFromWhereItSays(KeepAliveState from, KeepAliveState to)
    {
        foreach (KeepAliveState actual in Enum.GetValues<KeepAliveState>())
        {
            KeepAliveCell cell = At(actual);
            bool moved = cell.TryMove(from, to);
            Assert.Equal(actual == from && IsLegal(from, to), moved);
            Assert.Equal(moved ? to : actual, cell.Value);
        }
    }

    [Fact]
    public void HeldCell_ShowsTheStateBefore_UntilItIsReleased()
    {
        KeepAliveCell cell = At(KeepAliveState.Idle);
        Assert.True(cell.TryHold(KeepAliveState.Idle));
        Assert.Equal(KeepAliveState.Idle, cell.Value);
        Assert.False(cell.TryHold(KeepAliveState.Active));
        cell.Release(KeepAliveState.Active);
        Assert.Equal(KeepAliveState.Active, cell.Value);
        Assert.True(cell.TryHold(KeepAliveState.Active));
    }

    [Theory]
    [InlineData(KeepAliveState.Idle, false)]
    [InlineData(KeepAliveState.Active, true)]
    public void HeldCell_LetsOtherMoversWait_UntilItIsKnownWhereItGoes(KeepAliveState to, bool moves)
    {
        var shared = new Shared();
        Assert.True(shared.Cell.TryHold(KeepAliveState.Active));
        bool moved = false;
        var other = new Thread(() => moved = shared.Cell.TryMove(KeepAliveState.Active, KeepAliveState.Error));
        other.Start();
        Assert.False(other.Join(20));
        shared.Cell.Release(to);
        Assert.True(other.Join(TestRun.Patience));
        Assert.Equal((moves, moves ? KeepAliveState.Error : to), (moved, shared.Cell.Value));
    }

    [Theory]
    [MemberData(nameof(EveryPair))]
    public void TryMove_OfAHundredThreads_HasOneWinner(KeepAliveState from, KeepAliveState to)
    {
        if (from == to)
        {
            return; // Not a race: activity may be told of by any number at once.
        }

        var random = new Random(TestRun.Seed(output));
        for (int round = 0; round < (TestRun.IsFull ? 100 : 4); round++)
        {
            var shared = new Shared { Cell = At(from) };
            int winners = 0;
            int[] spins = [.. Enumerable.Range(0, 100).Select(_ => random.Next(200))];
            TestRun.Together(100, i =>
            {
                Thread.SpinWait(spins[i]);
                Interlocked.Add(ref winners, shared.Cell.TryMove(from, to) ? 1 : 0);
            });
            Assert.Equal(IsLegal(from, to) ? 1 : 0, winners);
            Assert.Equal(IsLegal(from, to) ? to : from, shared.Cell.Value);
        }
    }

    private static KeepAliveCell At(KeepAliveState state)
    {
        var cell = default(KeepAliveCell);
        Assert.True(state == KeepAliveState.Active || cell.TryMove(KeepAliveState.Active, state));
        return cell;
    }

    private sealed class Shared
    {
        public KeepAliveCell Cell;
    }
}
