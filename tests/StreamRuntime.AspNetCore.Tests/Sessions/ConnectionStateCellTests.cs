using StreamRuntime.AspNetCore.Sessions;

namespace StreamRuntime.AspNetCore.Tests.Sessions;

public sealed class ConnectionStateCellTests
{
    private static readonly ConnectionState[] States = Enum.GetValues<ConnectionState>();

    public static TheoryData<byte, byte> Pairs
    {
        get
        {
            var pairs = new TheoryData<byte, byte>();
            foreach (ConnectionState from in States)
            {
                foreach (ConnectionState to in States)
                {
                    pairs.Add((byte)from, (byte)to);
                }
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void CanMove_EveryPair_IsAsSpecified(byte fromValue, byte toValue)
    {
        (ConnectionState from, ConnectionState to) = ((ConnectionState)fromValue, (ConnectionState)toValue);
        bool isLegal = (from, to) switch
        {
            (ConnectionState.Connecting, ConnectionState.Handshaking) => true,
            (ConnectionState.Handshaking, ConnectionState.Authenticating) => true,
            (ConnectionState.Authenticating, ConnectionState.Open) => true,
            ( < ConnectionState.Closing, ConnectionState.Closing) => true,
            (ConnectionState.Closing, ConnectionState.Closed) => true,
            _ => false,
        };
        Assert.Equal(isLegal, ConnectionStateCell.CanMove(from, to));
        if (isLegal)
        {
            ConnectionStateCell cell = At(from);
            Assert.True(cell.TryMove(from, to));
            Assert.Equal(to, cell.Value);
            Assert.False(cell.TryMove(from, to));
        }
    }

    [Fact]
    public void TryClose_FromEveryState_WinsOnceBeforeClosing()
    {
        foreach (ConnectionState state in States)
        {
            ConnectionStateCell cell = At(state);
            Assert.Equal(state < ConnectionState.Closing, cell.TryClose());
            Assert.False(cell.TryClose());
        }
    }

    [Fact]
    public void TryClose_By100Threads_HasOneWinner()
    {
        for (int round = 0; round < 20; round++)
        {
            ConnectionStateCell cell = At(ConnectionState.Authenticating);
            int winners = 0;
            using var start = new ManualResetEventSlim();
            Thread[] threads = [.. Enumerable.Range(0, 100).Select(i => new Thread(
                () =>
                {
                    start.Wait();
                    if (i % 2 == 0 ? cell.TryClose() : cell.TryMove(ConnectionState.Authenticating, ConnectionState.Closing))
                    {
                        Interlocked.Increment(ref winners);
                    }
                },
                128 * 1024))];
            Array.ForEach(threads, t => t.Start());
            start.Set();
            Array.ForEach(threads, t => t.Join());
            Assert.Equal(1, winners);
            Assert.Equal(ConnectionState.Closing, cell.Value);
        }
    }

    [Fact]
    public void StateTimes_OfEveryState_AddUpToAll()
    {
        var times = new StateTimes(100);
        times.Enter((int)ConnectionState.Handshaking, 300);
        times.Enter((int)ConnectionState.Authenticating, 300);
        times.Enter((int)ConnectionState.Open, 1000);
        Assert.Equal(3, times.Transitions);
        Assert.Equal([2, 0, 7, 10, 0, 0], Enum.GetValues<ConnectionState>().Select(s => times.In((int)s, 2000).Ticks));

        // A state that was left out.
        times.Enter((int)ConnectionState.Closed, 1500);
        Assert.Equal([2, 0, 7, 5, 0, 5], Enum.GetValues<ConnectionState>().Select(s => times.In((int)s, 2000).Ticks));
    }

    private static ConnectionStateCell At(ConnectionState state)
    {
        var cell = new ConnectionStateCell();
        for (ConnectionState at = ConnectionState.Connecting; at < state; at++)
        {
            Assert.True(cell.TryMove(at, at + 1));
        }

        return cell;
    }
}
