namespace StreamRuntime.Interleaving.Tests.Scheduling;

public sealed class ExplorerTests
{
    [Fact]
    public void Explore_AnUnguardedCounter_FindsTheLostUpdate()
    {
        Exploration found = Explorer.Explore(Of(Access.State, () => new Counter(locked: false)), new ExhaustiveSchedule());

        Assert.Contains("lost update", found.Violation, StringComparison.Ordinal);
    }

    [Fact]
    public void Explore_AGuardedCounter_FindsNothing() =>
        Assert.Null(Explorer.Explore(Of(Access.StateAndGate, () => new Counter(locked: true)), new ExhaustiveSchedule()).Violation);

    [Fact]
    public void Explore_LocksTakenInOppositeOrder_FindsTheDeadlock()
    {
        Exploration found = Explorer.Explore(Of(Access.Gate, () => new Crossed()), new ExhaustiveSchedule());

        Assert.Contains("deadlock", found.Violation, StringComparison.Ordinal);
    }

    [Fact]
    public void Explore_AProgramThatNeverEnds_SaysSo()
    {
        Exploration found = Explorer.Explore(Of(Access.State, () => new Endless()), new ExhaustiveSchedule());

        Assert.Contains("does not end", found.Violation, StringComparison.Ordinal);
    }

    [Fact]
    public void ExhaustiveSchedule_OfTwoActorsWithTwoSteps_HasSixRuns() =>
        Assert.Equal(6, Explorer.Explore(Of(Access.State, () => new Counter(locked: false, mayLose: true)), new ExhaustiveSchedule()).Runs);

    [Theory]
    [InlineData(2, 8, 12_870)]
    [InlineData(3, 5, 756_756)]
    public void Words_All_AreAsManyAsCombinatoricsSays(int actors, int steps, int expected)
    {
        Func<byte[], bool> next = Words.All(actors, steps);
        byte[] word = new byte[actors * steps];
        byte[] previous = new byte[word.Length];
        int count = 0;
        while (next(word))
        {
            // Strictly rising, so none comes twice.
            Assert.True(word.AsSpan().SequenceCompareTo(previous) > 0);
            word.CopyTo(previous, 0);
            count++;
        }

        Assert.Equal(expected, count);
    }

    private static Scenario Of(Access accesses, Func<IModel> create) => new("test", 2, 1, accesses, create);

    private abstract class Model : IModel
    {
        public abstract void Act(int actor);

        public Access KindOf(ref readonly byte location) => Access.State;

        public void AfterStep(int actor)
        {
        }

        public virtual void AfterRun(int waiting, Func<int, bool> wasReleased)
        {
        }
    }

    private sealed class Counter(bool locked, bool mayLose = false) : Model
    {
        private readonly object _lock = new();
        private int _count;

        public override void Act(int actor)
        {
            if (locked)
            {
                Actor.EnterLock(_lock);
            }

            Actor.BeforeAccess(Access.State);
            int seen = _count;
            Actor.BeforeAccess(Access.State);
            _count = seen + 1;
            if (locked)
            {
                Actor.ExitLock(_lock);
            }
        }

        public override void AfterRun(int waiting, Func<int, bool> wasReleased)
        {
            if (_count != 2 && !mayLose)
            {
                throw new ViolationException("lost update");
            }
        }
    }

    private sealed class Crossed : Model
    {
        private readonly object[] _locks = [new(), new()];

        public override void Act(int actor)
        {
            Actor.EnterLock(_locks[actor]);
            Actor.EnterLock(_locks[1 - actor]);
            Actor.ExitLock(_locks[1 - actor]);
            Actor.ExitLock(_locks[actor]);
        }
    }

    private sealed class Endless : Model
    {
        public override void Act(int actor)
        {
            while (true)
            {
                Actor.BeforeAccess(Access.State);
            }
        }
    }
}
