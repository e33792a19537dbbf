using FsCheck;
using FsCheck.Fluent;
using StreamRuntime.Connections;
using Xunit.Abstractions;

namespace StreamRuntime.Tests.Connections;

/// <summary>The pool against a simple model, through random histories on a fake clock: who gets which connection, when one opens, and when one is closed.</summary>
public sealed class ConnectionPoolModelTests(ITestOutputHelper output)
{
    private static Gen<PoolStep> Steps =>
        from act in Gen.Frequency(
            (10, Gen.Constant(PoolAct.Lease)), (1, Gen.Constant(PoolAct.LeaseCancelled)), (2, Gen.Constant(PoolAct.Cancel)),
            (6, Gen.Constant(PoolAct.ReturnClean)), (2, Gen.Constant(PoolAct.ReturnNotClean)), (1, Gen.Constant(PoolAct.ReturnAgain)),
            (8, Gen.Constant(PoolAct.OpenSucceeds)), (2, Gen.Constant(PoolAct.OpenFails)),
            (2, Gen.Constant(PoolAct.BreakIdle)), (1, Gen.Constant(PoolAct.BreakLeased)),
            (2, Gen.Constant(PoolAct.HangWhenClosed)), (2, Gen.Constant(PoolAct.FinishClose)),
            (6, Gen.Constant(PoolAct.Advance)))
        from which in Gen.Choose(0, 1000)
        from time in Gen.Frequency((1, Gen.Constant(0)), (4, Gen.Choose(1, 60)), (3, Gen.Choose(50, 400)), (1, Gen.Choose(300, 3_000)))
        select new PoolStep(act, which, time);

    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(3, 0, 0)]
    [InlineData(4, 2, 500)]
    [InlineData(3, 3, 0)]
    public void RandomHistories_AgainstTheModel_AreTheSame(int maxSize, int minSize, int usableWithoutLookMs) => Check(maxSize, minSize, usableWithoutLookMs, steps => steps);

    // As above, and then the end, wherever the pool happens to be.
    [Theory]
    [InlineData(1, 0)]
    [InlineData(4, 2)]
    public void RandomHistories_DisposedAnywhere_LeaveNothingBehind(int maxSize, int minSize) =>
        Check(maxSize, minSize, 0, steps => [.. steps[..(steps.Length / 2)], new PoolStep(PoolAct.Dispose, 0, 0), .. steps[(steps.Length / 2)..]]);

    private void Check(int maxSize, int minSize, int usableWithoutLookMs, Func<PoolStep[], PoolStep[]> with)
    {
        var options = new ConnectionPoolOptions
        {
            Name = "model",
            MaxSize = maxSize,
            MinSize = minSize,
            LeaseTimeout = TimeSpan.FromSeconds(1),
            IdleTimeout = TimeSpan.FromSeconds(3),
            MaxLifetime = TimeSpan.FromSeconds(20),
            UsableWithoutLook = TimeSpan.FromMilliseconds(usableWithoutLookMs),
        };

        // Cutting a history down to what it needs must not wait as long as the history itself, each time again.
        TimeSpan patience = TimeSpan.FromSeconds(10);
        Histories.Check(output, Steps, 80, 3_000, steps =>
        {
            try
            {
                using var history = new PoolHistory(options, patience);
                history.Run(with(steps));
            }
            catch
            {
                patience = TimeSpan.FromSeconds(1);
                throw;
            }
        });
    }
}
