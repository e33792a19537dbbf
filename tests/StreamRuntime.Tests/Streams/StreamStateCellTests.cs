using StreamRuntime.Streams;

namespace StreamRuntime.Tests.Streams;

public sealed class StreamStateCellTests
{
    private static readonly HashSet<(StreamState, StreamState)> Legal =
    [
        (StreamState.Running, StreamState.Paused),
        (StreamState.Running, StreamState.Complete),
        (StreamState.Running, StreamState.Error),
        (StreamState.Paused, StreamState.Running),
        (StreamState.Paused, StreamState.Complete),
        (StreamState.Paused, StreamState.Error),
    ];

    public static TheoryData<StreamState, StreamState> EveryPair()
    {
        var pairs = new TheoryData<StreamState, StreamState>();
        foreach (StreamState from in Enum.GetValues<StreamState>())
        {
            foreach (StreamState to in Enum.GetValues<StreamState>())
            {
                pairs.Add(from, to);
            }
        }

        return pairs;
    }

    [Fact]
    public void Values_AreTheOnesPublished() =>
        Assert.Equal([0, 1, 2, 3], new[] { StreamState.Running, StreamState.Paused, StreamState.Complete, StreamState.Error }.Select(s => (int)s));

    [Theory]
    [MemberData(nameof(EveryPair))]
    public void CanMove_FollowsTheTable(StreamState from, StreamState to) =>
        Assert.Equal(Legal.Contains((from, to)), StreamStateCell.CanMove(from, to));

    [Theory]
    [MemberData(nameof(EveryPair))]
    public void TryMove_LegalEdge_MovesOnlyFromWhereItSays(StreamState from, StreamState to)
    {
        if (!Legal.Contains((from, to)))
        {
            return; // Asserted against in debug builds; CanMove's theory covers it.
        }

        foreach (StreamState actual in Enum.GetValues<StreamState>())
        {
            StreamStateCell cell = At(actual);
            bool moved = cell.TryMove(from, to);
            Assert.Equal(actual == from, moved);
            Assert.Equal(moved ? to : actual, cell.Value);
        }
    }

    [Theory]
    [InlineData(StreamState.Running, StreamState.Complete, true)]
    [InlineData(StreamState.Running, StreamState.Error, true)]
    [InlineData(StreamState.Paused, StreamState.Complete, true)]
    [InlineData(StreamState.Paused, StreamState.Error, true)]
    [InlineData(StreamState.Complete, StreamState.Error, false)]
    [InlineData(StreamState.Complete, StreamState.Complete, false)]
    [InlineData(StreamState.Error, StreamState.Complete, false)]
    [InlineData(StreamState.Error, StreamState.Error, false)]
    public void TryEnd_WorksOnceFromAnyLiveState(StreamState from, StreamState end, bool expected)
    {
        StreamStateCell cell = At(from);
        Assert.Equal(expected, cell.TryEnd(end));
        Assert.Equal(expected ? end : from, cell.Value);
    }

    [Fact]
    public void TryMove_OfAHundredThreads_HasOneWinner()
    {
        for (int round = 0; round < 50; round++)
        {
            var shared = new Shared();
            int pauses = 0, ends = 0;
            Together(100, i =>
            {
                if (i % 4 != 0)
                {
                    Interlocked.Add(ref pauses, shared.Cell.TryMove(StreamState.Running, StreamState.Paused) ? 1 : 0);
                }
                else if (round % 2 == 1)
                {
                    Interlocked.Add(ref ends, shared.Cell.TryEnd(i % 8 == 0 ? StreamState.Complete : StreamState.Error) ? 1 : 0);
                }
            });

            Assert.InRange(pauses, round % 2 == 0 ? 1 : 0, 1);
            Assert.Equal(round % 2, ends);
            Assert.Equal(round % 2 == 0, shared.Cell.Value == StreamState.Paused);
        }
    }

    private static void Together(int threads, Action<int> act)
    {
        using var start = new ManualResetEventSlim();
        Thread[] all = [.. Enumerable.Range(0, threads).Select(i => new Thread(() =>
        {
            start.Wait();
            act(i);
        }, 128 * 1024))];
        Array.ForEach(all, t => t.Start());
        start.Set();
        Array.ForEach(all, t => t.Join());
    }

    private static StreamStateCell At(StreamState state)
    {
        var cell = default(StreamStateCell);
        Assert.True(state == StreamState.Running || cell.TryMove(StreamState.Running, state));
        return cell;
    }

    private sealed class Shared
    {
        public StreamStateCell Cell;
    }
}
