using StreamRuntime.AspNetCore.WebSockets;

namespace StreamRuntime.AspNetCore.Tests.WebSockets;

public sealed class TurnTests
{
    private Turn _turn;
    private int _inside;

    [Fact]
    public async Task Enter_WhileTaken_WaitsInTheOrderOfAsking()
    {
        Assert.True(_turn.IsFree);
        Assert.True(_turn.TryEnter());
        Assert.False(_turn.IsFree);
        Assert.False(_turn.TryEnter());
        Task[] waiting = [.. Enumerable.Range(0, 4).Select(_ => _turn.EnterAsync().AsTask())];
        for (int i = 0; i < waiting.Length; i++)
        {
            Assert.DoesNotContain(waiting[i..], w => w.IsCompleted);
            _turn.Leave();
            await waiting[i];
            Assert.False(_turn.TryEnter());
        }

        _turn.Leave();
        Assert.True(_turn.IsFree);
        Assert.True(_turn.EnterAsync().AsTask().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Enter_ByMany_LetsOneInAtATime()
    {
        const int Rounds = 5_000;
        const int Tasks = 8;
        int most = 0;
        long sum = 0;
        await Task.WhenAll(Enumerable.Range(0, Tasks).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                await _turn.EnterAsync();
                most = Math.Max(most, Interlocked.Increment(ref _inside));

                // Not atomic: a second one inside would lose some of it.
                sum++;
                Interlocked.Decrement(ref _inside);
                _turn.Leave();
            }
        })));
        Assert.Equal(1, most);
        Assert.Equal(Rounds * Tasks, sum);
        Assert.True(_turn.IsFree);
    }
}
