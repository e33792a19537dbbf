using StreamRuntime.Interleaving.Tests.Scheduling;
using StreamRuntime.Streams;

namespace StreamRuntime.Interleaving.Tests.Shadows;

public sealed class ShadowTests
{
    // An access that slipped past the shadows would be missing here, and with it all its interleavings.
    [Theory]
    [InlineData(nameof(Role.Pauser), false)]
    [InlineData(nameof(Role.Resumer), true)]
    [InlineData(nameof(Role.Completer), true)]
    public void Operation_AtMost_HasFiveAccessesToStateAndGate(string roleName, bool beginsPaused)
    {
        Role role = Enum.Parse<Role>(roleName);
        int most = 0;
        var scenario = new Scenario("count", 2, 1, Access.StateAndGate, () => new Counting(new StreamModel(1, beginsPaused, role, Role.Reader), steps => most = Math.Max(most, steps)));

        Exploration found = Explorer.Explore(scenario, new ExhaustiveSchedule());

        Assert.Null(found.Violation);
        Assert.Equal(5, most);
    }

    private sealed class Counting(IModel inner, Action<int> count) : IModel
    {
        public void Act(int actor)
        {
            inner.Act(actor);
            if (actor == 0)
            {
                count(Actor.Current!.Steps);
            }
        }

        public Access KindOf(ref readonly byte location) => inner.KindOf(in location);

        public void AfterStep(int actor) => inner.AfterStep(actor);

        public void AfterRun(int waiting, Func<int, bool> wasReleased) => inner.AfterRun(waiting, wasReleased);
    }
}
