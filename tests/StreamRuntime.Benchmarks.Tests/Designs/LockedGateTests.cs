using StreamRuntime.Benchmarks.Designs;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.Benchmarks.Tests.Designs;

public sealed class LockedGateTests
{
    [Fact]
    public void HasTimedOut_AskedByATimerOfAnEarlierPause_IsFalseAndSetsItAgain()
    {
        var time = new ManualTimeProvider();
        var gate = new LockedGate(time, TimeSpan.FromSeconds(10));
        gate.CloseLocked(default, _ => { }, this);
        time.Advance(TimeSpan.FromSeconds(4));

        Assert.False(gate.HasTimedOutLocked());
        Assert.Equal(TimeSpan.FromSeconds(6), time.UntilNextTimer);
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.True(gate.HasTimedOutLocked());
        gate.OpenLocked(out TimeSpan lasted);
        Assert.Equal(TimeSpan.FromSeconds(10), lasted);
        Assert.False(gate.HasTimedOutLocked());
    }

    [Fact]
    public async Task Open_WithAReaderWaiting_SaysSoOnce()
    {
        var gate = new LockedGate(TimeProvider.System, Timeout.InfiniteTimeSpan);
        gate.CloseLocked(default, _ => { }, this);
        Task open = gate.WaitLocked(default);

        Assert.True(gate.OpenLocked(out _));
        Assert.False(open.IsCompleted);
        gate.Wake();
        await open.WaitAsync(Locked.Patience);
        gate.CloseLocked(default, _ => { }, this);
        Assert.False(gate.OpenLocked(out _));
    }
}
