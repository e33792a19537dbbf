using FsCheck;
using FsCheck.Fluent;
using StreamRuntime.TestKit.Timing;
using StreamRuntime.Timing;
using Xunit.Abstractions;

namespace StreamRuntime.Tests.Timing;

/// <summary>The wheel against the simplest thing that could do its work: a list that is searched for what is due.</summary>
public sealed class TimingWheelModelTests(ITestOutputHelper output)
{
    private const int Deadlines = 12;
    private const long Millisecond = 1_000_000;

    public enum Act
    {
        Schedule,
        MoveLater,
        Cancel,
        Expire,
        Park,
        Run,
        Advance,
    }

    // Times of every size, from part of a tick to months.
    private static Gen<Step> Steps(long unit) =>
        from act in Gen.Frequency(
            (6, Gen.Constant(Act.Schedule)), (4, Gen.Constant(Act.MoveLater)), (2, Gen.Constant(Act.Cancel)), (1, Gen.Constant(Act.Expire)),
            (1, Gen.Constant(Act.Park)), (3, Gen.Constant(Act.Run)), (4, Gen.Constant(Act.Advance)))
        from which in Gen.Choose(0, Deadlines - 1)
        from digits in Gen.Choose(0, 999)
        from zeros in Gen.Choose(0, 8)
        select new Step(act, which, digits * (long)Math.Pow(10, zeros) * unit);

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void WholeMilliseconds_AreNeverEarly_NeverATickLate_AndOnce(int granularityMs) =>
        Histories.Check(output, Steps(Millisecond), 60, 4_000, steps =>
        {
            using var history = new History(granularityMs * Millisecond, 0, isInline: true);
            history.Run(steps);
        });

    // Between milliseconds, the timer's own resolution comes on top.
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void AnyTime_IsNeverEarly_NeverATickAndAMillisecondLate_AndOnce(int granularityMs) =>
        Histories.Check(output, Steps(100), 60, 4_000, steps =>
        {
            using var history = new History(granularityMs * Millisecond, Millisecond, isInline: true);
            history.Run(steps);
        });

    [Fact]
    public void CallbacksThatBeginLateAndInAnyOrder_LoseToWhateverCameBeforeThem() =>
        Histories.Check(output, Steps(Millisecond / 10), 60, 10_000, steps =>
        {
            using var history = new History(Millisecond, Millisecond, isInline: false);
            history.Run(steps);
        });

    public readonly record struct Step(Act Act, int Which, long Time);

    private sealed class History : IDisposable
    {
        private readonly ManualTimeProvider _time = new();
        private readonly WorkQueue _queue;
        private readonly TimingWheel _wheel;
        private readonly Deadline[] _deadlines;
        private readonly long?[] _due = new long?[Deadlines]; // the model: when it is due, or null
        private readonly long _granularity;
        private readonly long _slack;

        public History(long granularity, long slack, bool isInline)
        {
            _granularity = granularity;
            _slack = slack;
            _queue = new WorkQueue { IsInline = isInline };
            _wheel = new TimingWheel(_time, TimeSpan.FromTicks(granularity / 100), _queue.Add);
            _deadlines = [.. Enumerable.Range(0, Deadlines).Select(i => new Deadline(_wheel, OnDue, i))];
        }

        private long Now => _wheel.Clock.Now;

        public void Run(Step[] steps)
        {
            foreach (Step step in steps)
            {
                Do(step);
                Assert.True(_time.ArmedTimers <= 1);
                if (_queue.Count == 0)
                {
                    Assert.All(_due, due => Assert.True(due is null or MonotonicClock.Never || Now - due < _granularity + _slack, $"{due} is late at {Now}"));
                }
            }

            _time.Advance(TimeSpan.FromDays(365 * 200));
            _queue.RunAll();
            Assert.All(_due, due => Assert.True(due is null or MonotonicClock.Never, $"{due} was lost"));
            Assert.Equal((0, 0), (_wheel.Count, _time.ArmedTimers));
        }

        public void Dispose() => _wheel.Dispose();

        private void Do(Step step)
        {
            Deadline deadline = _deadlines[step.Which];
            ref long? due = ref _due[step.Which];
            switch (step.Act)
            {
                case Act.Schedule:
                    due = Now + step.Time;
                    Assert.True(deadline.Schedule(due.Value));
                    break;
                case Act.MoveLater:
                    deadline.MoveLater(Now + step.Time);
                    due = due is null ? null : Math.Max(due.Value, Now + step.Time);
                    break;
                case Act.Park:
                    deadline.MoveLater(MonotonicClock.Never);
                    due = due is null ? null : MonotonicClock.Never;
                    break;
                case Act.Cancel:
                    Assert.Equal(due is not null and not MonotonicClock.Never, deadline.Cancel());
                    due = null;
                    break;
                case Act.Expire:
                    due = 0;
                    Assert.True(deadline.Expire());
                    break;
                case Act.Run:
                    _queue.Run(step.Which);
                    break;
                default:
                    _time.Advance(TimeSpan.FromTicks(step.Time / 100));
                    break;
            }
        }

        private void OnDue(object? state)
        {
            ref long? due = ref _due[(int)state!];
            Assert.True(due <= Now, $"ran at {Now}, was due at {due}");
            if (_queue.IsInline && due > 0)
            {
                Assert.True(Now - due < _granularity + _slack, $"ran at {Now}, was due at {due}");
            }

            due = null;
        }
    }
}
