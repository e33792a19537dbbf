using FsCheck;
using FsCheck.Fluent;
using StreamRuntime.Connections;
using Xunit.Abstractions;

namespace StreamRuntime.Tests.Connections;

public sealed class LinkReducerTests(ITestOutputHelper output)
{
    private static readonly IOException Error = new("no");

    /// <summary>Where a link can be; failures with attempts left and without are two places.</summary>
    public enum Place
    {
        NoLink,
        Disconnected,
        Connecting,
        Connected,
        FailedOnce,
        FailedForGood,
    }

    // The specification's table: each action, where it is enabled, and where it leads with which effect.
    private static readonly (LinkActionKind Action, Place[] EnabledIn, LinkStatus To, LinkEffect Effect)[] Table =
    [
        (LinkActionKind.Connect, [Place.NoLink, Place.Disconnected, Place.FailedOnce, Place.FailedForGood], LinkStatus.Connecting, LinkEffect.StartConnecting),
        (LinkActionKind.Connected, [Place.Connecting], LinkStatus.Connected, LinkEffect.None),
        (LinkActionKind.ConnectionFailed, [Place.Connecting], LinkStatus.ConnectionFailed, LinkEffect.DispatchRetry),
        (LinkActionKind.Retry, [Place.FailedOnce], LinkStatus.Connecting, LinkEffect.StartConnecting),
        (LinkActionKind.Disconnect, [Place.Connected], LinkStatus.Disconnected, LinkEffect.Close),
        (LinkActionKind.Reset, [Place.Disconnected, Place.Connecting, Place.Connected, Place.FailedOnce, Place.FailedForGood], LinkStatus.Disconnected, LinkEffect.Abandon),
    ];

    // By name: the action is no public type.
    public static TheoryData<Place, string> EveryPair
    {
        get
        {
            var pairs = new TheoryData<Place, string>();
            foreach (Place place in Enum.GetValues<Place>())
            {
                foreach (LinkActionKind action in Enum.GetValues<LinkActionKind>())
                {
                    pairs.Add(place, action.ToString());
                }
            }

            return pairs;
        }
    }

    public static TheoryData<LinkStatus, LinkStatus> EveryPairOfStates
    {
        get
        {
            var pairs = new TheoryData<LinkStatus, LinkStatus>();
            foreach (LinkStatus from in Enum.GetValues<LinkStatus>())
            {
                foreach (LinkStatus to in Enum.GetValues<LinkStatus>())
                {
                    pairs.Add(from, to);
                }
            }

            return pairs;
        }
    }

    [Fact]
    public void Values_AreTheOnesPublished() => Assert.Equal(
        [0, 1, 2, 3],
        new[] { LinkStatus.Disconnected, LinkStatus.Connecting, LinkStatus.Connected, LinkStatus.ConnectionFailed }.Select(s => (int)s));

    [Theory]
    [MemberData(nameof(EveryPair))]
    public void Reduce_EveryAction_InEveryState_FollowsTheTable(Place place, string action)
    {
        LinkActionKind kind = Enum.Parse<LinkActionKind>(action);
        LinkState<string>? before = At(place);
        LinkStep<string> step = LinkReducer.Reduce(before, Action(kind), now: 99);
        (_, Place[] enabledIn, LinkStatus to, LinkEffect effect) = Table.Single(row => row.Action == kind);
        Assert.Equal(enabledIn.Contains(place), LinkReducer.IsEnabled(before, kind));
        if (!enabledIn.Contains(place))
        {
            Assert.Equal(new LinkStep<string>(before, LinkEffect.None, false), step);
            Assert.Same(before, step.State);
            return;
        }

        Assert.Equal((true, to, effect, 99), (step.IsEnabled, step.State!.Status, step.Effect, step.State.Since));
    }

    [Theory]
    [MemberData(nameof(EveryPairOfStates))]
    public void Reduce_AnyAction_GoesNowhereElse(LinkStatus from, LinkStatus to)
    {
        bool isReached = Enum.GetValues<Place>()
            .Select(At)
            .Where(s => s?.Status == from)
            .Any(s => Enum.GetValues<LinkActionKind>().Select(k => LinkReducer.Reduce(s, Action(k), 99)).Any(step => step.IsEnabled && step.State!.Status == to));
        bool isLegal = (from, to) is
            (LinkStatus.Disconnected, LinkStatus.Connecting) or (LinkStatus.Disconnected, LinkStatus.Disconnected)
            or (LinkStatus.Connecting, LinkStatus.Connected) or (LinkStatus.Connecting, LinkStatus.ConnectionFailed) or (LinkStatus.Connecting, LinkStatus.Disconnected)
            or (LinkStatus.Connected, LinkStatus.Disconnected)
            or (LinkStatus.ConnectionFailed, LinkStatus.Connecting) or (LinkStatus.ConnectionFailed, LinkStatus.Disconnected);
        Assert.Equal(isLegal, isReached);
    }

    [Fact]
    public void Reduce_Connect_BeginsWithAttemptOne_OfAsManyAsItSays()
    {
        LinkState<string> state = LinkReducer.Reduce(null, LinkAction<string>.Connect("a", 3), 5).State!;
        Assert.Equal(LinkState<string>.Connecting(5, "a", 1, 3), state);
        state = LinkReducer.Reduce(At(Place.FailedForGood), LinkAction<string>.Connect("b", 4), 6).State!;
        Assert.Equal(LinkState<string>.Connecting(6, "b", 1, 4), state);
    }

    [Fact]
    public void Reduce_UntilTheLastAttempt_RetriesTheSameEndpoint_AndThenKeepsTheWholeError()
    {
        LinkState<string>? state = null;
        LinkStep<string> step = LinkReducer.Reduce(state, LinkAction<string>.Connect("a", 3), 0);
        for (int attempt = 1; attempt <= 3; attempt++)
        {
            Assert.Equal(LinkState<string>.Connecting(10 * attempt - 10, "a", attempt, 3), step.State);
            var error = new IOException($"{attempt}");
            step = LinkReducer.Reduce(step.State, LinkAction<string>.ConnectionFailed(error), 10 * attempt - 5);
            Assert.Equal(LinkState<string>.ConnectionFailed(10 * attempt - 5, "a", error, attempt, 3), step.State);
            Assert.Same(error, step.State!.Error);
            Assert.Equal((attempt == 3, attempt == 3 ? LinkEffect.None : LinkEffect.DispatchRetry), (step.State.IsPermanentFailure, step.Effect));
            state = step.State;
            step = LinkReducer.Reduce(state, LinkAction<string>.Retry, 10 * attempt);
        }

        Assert.False(step.IsEnabled);
        Assert.Same(state, step.State);
    }

    [Fact]
    public void Reduce_FinalFailure_LeavesNoAttempt()
    {
        LinkStep<string> step = LinkReducer.Reduce(At(Place.Connecting), LinkAction<string>.ConnectionFailed(Error, isFinal: true), 5);
        Assert.Equal((true, LinkEffect.None, 1, 1), (step.State!.IsPermanentFailure, step.Effect, step.State.Attempt, step.State.MaxAttempts));
        Assert.False(LinkReducer.IsEnabled(step.State, LinkActionKind.Retry));
        Assert.True(LinkReducer.IsEnabled(step.State, LinkActionKind.Connect));
    }

    [Fact]
    public void RandomHistories_AgainstTheSimplestModel_AreTheSame()
    {
        Gen<LinkActionKind> step = Gen.Elements(Enum.GetValues<LinkActionKind>());
        Histories.Check(output, step, 80, 5_000, actions =>
        {
            // The model: a name, and how many attempts have begun.
            string model = "none";
            int attempt = 0, limit = 0;
            LinkState<string>? state = null;
            foreach ((int now, LinkActionKind kind) in actions.Index())
            {
                limit = kind == LinkActionKind.Connect && model is "none" or "disconnected" or "failed" ? 1 + now % 4 : limit;
                (string then, LinkEffect effect) = (model, kind) switch
                {
                    ("none" or "disconnected" or "failed", LinkActionKind.Connect) => ("connecting", LinkEffect.StartConnecting),
                    ("connecting", LinkActionKind.Connected) => ("connected", LinkEffect.None),
                    ("connecting", LinkActionKind.ConnectionFailed) => ("failed", attempt < limit ? LinkEffect.DispatchRetry : LinkEffect.None),
                    ("failed", LinkActionKind.Retry) when attempt < limit => ("connecting", LinkEffect.StartConnecting),
                    ("connected", LinkActionKind.Disconnect) => ("disconnected", LinkEffect.Close),
                    (not "none", LinkActionKind.Reset) => ("disconnected", LinkEffect.Abandon),
                    _ => ("", LinkEffect.None),
                };
                LinkAction<string> action = kind switch
                {
                    LinkActionKind.Connect => LinkAction<string>.Connect("a", limit),
                    LinkActionKind.ConnectionFailed => LinkAction<string>.ConnectionFailed(Error),
                    _ => new LinkAction<string>(kind),
                };
                LinkStep<string> made = LinkReducer.Reduce(state, action, now);
                Assert.Equal((then.Length > 0, effect), (made.IsEnabled, made.Effect));
                if (then.Length == 0)
                {
                    Assert.Same(state, made.State);
                    continue;
                }

                attempt = then == "connecting" ? kind == LinkActionKind.Connect ? 1 : attempt + 1 : attempt;
                state = made.State!;
                model = then;
                Assert.Equal(
                    model switch
                    {
                        "connecting" => LinkState<string>.Connecting(now, "a", attempt, limit),
                        "connected" => LinkState<string>.Connected(now, "a"),
                        "failed" => LinkState<string>.ConnectionFailed(now, "a", Error, attempt, limit),
                        _ => LinkState<string>.Disconnected(now),
                    },
                    state);
            }
        });
    }

    private static LinkState<string>? At(Place place) => place switch
    {
        Place.NoLink => null,
        Place.Disconnected => LinkState<string>.Disconnected(1),
        Place.Connecting => LinkState<string>.Connecting(1, "a", 1, 2),
        Place.Connected => LinkState<string>.Connected(1, "a"),
        Place.FailedOnce => LinkState<string>.ConnectionFailed(1, "a", Error, 1, 2),
        _ => LinkState<string>.ConnectionFailed(1, "a", Error, 2, 2),
    };

    private static LinkAction<string> Action(LinkActionKind kind) => kind switch
    {
        LinkActionKind.Connect => LinkAction<string>.Connect("b", 2),
        LinkActionKind.ConnectionFailed => LinkAction<string>.ConnectionFailed(Error),
        _ => new LinkAction<string>(kind),
    };
}
