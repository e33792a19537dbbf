using FsCheck;
using FsCheck.Fluent;
using StreamRuntime.Connections;
using StreamRuntime.TestKit.Timing;
using StreamRuntime.Tests.Timing;
using StreamRuntime.Timing;
using Xunit.Abstractions;

namespace StreamRuntime.Tests.Connections;

/// <summary>The link against a simple model, through random histories on a fake clock: whatever comes when, results of the past included.</summary>
public sealed class LinkModelTests(ITestOutputHelper output)
{
    private const long Millisecond = 1_000_000;

    public enum Act
    {
        Connect,
        Succeed,
        Fail,
        FailForGood,
        Disconnect,
        Reset,
        Advance,
        Dispose,
    }

    private static Gen<Step> Steps =>
        from act in Gen.Frequency(
            (6, Gen.Constant(Act.Connect)), (4, Gen.Constant(Act.Succeed)), (6, Gen.Constant(Act.Fail)), (1, Gen.Constant(Act.FailForGood)),
            (2, Gen.Constant(Act.Disconnect)), (2, Gen.Constant(Act.Reset)), (8, Gen.Constant(Act.Advance)))
        from which in Gen.Choose(0, 1000)
        from ms in Gen.Frequency((1, Gen.Constant(0)), (4, Gen.Choose(1, 120)), (2, Gen.Choose(100, 2_500)), (1, Gen.Choose(2_000, 30_000)))
        select new Step(act, which, ms);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public void RandomHistories_AgainstTheModel_AreTheSame(int maxAttempts) =>
        Histories.Check(output, Steps, 80, 3_000, steps => Run(maxAttempts, steps));

    // As above, and then the end, wherever the link happens to be.
    [Fact]
    public void RandomHistories_EndedAnywhere_LeaveNothingBehind() =>
        Histories.Check(output, Steps, 40, 3_000, steps => Run(3, [.. steps, new Step(Act.Dispose, 0, 0), .. steps]));

    private static void Run(int maxAttempts, Step[] steps)
    {
        using var history = new History(maxAttempts);
        history.Run(steps);
    }

    public readonly record struct Step(Act Act, int Which, int Ms);

    private sealed class History : IDisposable
    {
        private readonly ManualTimeProvider _time = new();
        private readonly TimingWheel _wheel;
        private readonly Openings _openings = new();
        private readonly LinkOptions _options;
        private readonly Link<string, FakeConnection> _link;
        private readonly List<FakeConnection> _connections = [];

        // The model.
        private LinkStatus? _status;
        private long _since;
        private string? _endpoint;
        private int _attempt;
        private int _maxAttempts;
        private Exception? _error;
        private FakeConnection? _connection;
        private int _current = -1; // the opening that counts
        private int _opened;
        private int _late;
        private bool _isDisposed;

        public History(int maxAttempts)
        {
            var queue = new WorkQueue { IsInline = true };
            _wheel = new TimingWheel(_time, TimingWheel.SmallestGranularity, queue.Add);
            _options = new LinkOptions { MaxAttempts = maxAttempts, BackOffJitter = 0, IsRetryable = e => e is not FormatException };
            _link = new Link<string, FakeConnection>(_openings.OpenAsync, _wheel, _options);
        }

        private long Now => _wheel.Clock.Now;

        public void Run(Step[] steps)
        {
            foreach (Step step in steps)
            {
                Do(step);
                Compare(step);
            }
        }

        // The wheel needs no disposal: its timer is the fake clock's.
        public void Dispose() => Assert.True(_link.DisposeAsync().AsTask().IsCompletedSuccessfully);

        private void Do(Step step)
        {
            switch (step.Act)
            {
                case Act.Connect:
                    bool connects = !_isDisposed && (_status is null or LinkStatus.Disconnected or LinkStatus.ConnectionFailed);
                    string endpoint = $"{step.Which % 3}";
                    if (connects)
                    {
                        (_endpoint, _attempt, _maxAttempts) = (endpoint, 0, _options.MaxAttempts);
                        Begin(Now);
                    }

                    Assert.Equal(connects, _link.TryConnect(endpoint));
                    break;
                case Act.Succeed when Pending(step) is { } index:
                    // Before the result is set: the model must not ask the link.
                    var connection = new FakeConnection();
                    _connections.Add(connection);
                    if (index == _current)
                    {
                        Enter(LinkStatus.Connected, Now);
                        (_connection, _current) = (connection, -1);
                    }
                    else
                    {
                        _late++;
                    }

                    _openings.All[index].Succeed(connection);
                    break;
                case Act.Fail or Act.FailForGood when Pending(step) is { } index:
                    Exception error = step.Act == Act.Fail ? new IOException() : new FormatException();
                    if (index == _current)
                    {
                        Failed(error, Now, step.Act == Act.FailForGood);
                    }
                    else
                    {
                        _late++;
                    }

                    _openings.All[index].Fail(error);
                    break;
                case Act.Disconnect:
                    bool disconnects = _status == LinkStatus.Connected;
                    GiveUp(disconnects);
                    Assert.Equal(disconnects, Result(_link.DisconnectAsync()));
                    break;
                case Act.Reset:
                    bool resets = _status is not null && !_isDisposed;
                    GiveUp(resets);
                    Assert.Equal(resets, Result(_link.ResetAsync()));
                    break;
                case Act.Dispose:
                    GiveUp(_status is not null);
                    _isDisposed = true;
                    Dispose();
                    break;
                case Act.Advance:
                    Advance(Now + step.Ms * Millisecond);
                    _time.Advance(TimeSpan.FromMilliseconds(step.Ms));
                    break;
            }
        }

        // What time itself brings: the timeout of an attempt, the end of a back-off, and so on until then.
        private void Advance(long to)
        {
            while (true)
            {
                if (_status == LinkStatus.Connecting && _since + Nanoseconds(_options.AttemptTimeout) <= to)
                {
                    Failed(null, _since + Nanoseconds(_options.AttemptTimeout), isFinal: false);
                }
                else if (_status == LinkStatus.ConnectionFailed && _attempt < _maxAttempts && _since + BackOff(_attempt) <= to)
                {
                    Begin(_since + BackOff(_attempt));
                }
                else
                {
                    return;
                }
            }
        }

        private void Begin(long now)
        {
            Enter(LinkStatus.Connecting, now);
            _attempt++;
            _current = _opened++;
        }

        private void Failed(Exception? error, long now, bool isFinal)
        {
            Enter(LinkStatus.ConnectionFailed, now);
            (_error, _current) = (error, -1);
            _maxAttempts = isFinal ? _attempt : _maxAttempts;
        }

        private void GiveUp(bool really)
        {
            if (really)
            {
                Enter(LinkStatus.Disconnected, Now);
                (_connection, _current) = (null, -1);
            }
        }

        private void Enter(LinkStatus status, long now) => (_status, _since) = (status, now);

        private int? Pending(Step step)
        {
            int[] pending = [.. _openings.All.Index().Where(o => o.Item.IsPending).Select(o => o.Index)];
            return pending.Length == 0 ? null : pending[step.Which % pending.Length];
        }

        private void Compare(Step step)
        {
            LinkState<string>? state = _link.State;
            Assert.Equal(_status, state?.Status);
            if (state is not null)
            {
                bool tries = _status is LinkStatus.Connecting or LinkStatus.ConnectionFailed;
                Assert.Equal((_since, tries ? _attempt : 0, tries ? _maxAttempts : 0), (state.Since, state.Attempt, state.MaxAttempts));
                Assert.Equal(_status == LinkStatus.Disconnected ? null : _endpoint, state.Endpoint);
                Assert.True(
                    _status != LinkStatus.ConnectionFailed ? state.Error is null
                    : _error is null ? state.Error is StreamRuntimeException { Kind: ErrorKind.Timeout }
                    : state.Error == _error,
                    $"{state.Error} after {step}");
            }

            Assert.Same(_connection, _link.Connection);
            Assert.Equal(_opened, _openings.All.Count);
            Assert.All(_openings.All.Index(), o => Assert.Equal(
                o.Index != _current && o.Item.IsPending, o.Item.Token.IsCancellationRequested && o.Item.IsPending));
            Assert.All(_connections, c => Assert.Equal(c == _connection ? 0 : 1, c.Closes));

            // One deadline while there is something to wait for, and nothing left of those before.
            bool waits = _status == LinkStatus.Connecting || (_status == LinkStatus.ConnectionFailed && _attempt < _maxAttempts);
            Assert.Equal(waits ? 1 : 0, _wheel.Count);
            LinkStatistics statistics = _link.GetStatistics();
            Assert.Equal((_opened, _late), (statistics.Attempts, statistics.LateResults));
            CompareOutcome();
        }

        private void CompareOutcome()
        {
            Task<FakeConnection>? outcome = null;
            Exception? refused = Record.Exception(() => { outcome = _link.GetConnectionAsync(); });
            if (_isDisposed)
            {
                Assert.IsType<ObjectDisposedException>(refused);
            }
            else if (_status is null or LinkStatus.Disconnected)
            {
                Assert.IsType<InvalidOperationException>(refused);
            }
            else if (_status == LinkStatus.Connected)
            {
                Assert.Same(_connection, Result(new ValueTask<FakeConnection>(outcome!)));
            }
            else if (_status == LinkStatus.ConnectionFailed && _attempt >= _maxAttempts)
            {
                Assert.Same(_link.State!.Error, outcome!.Exception!.InnerException);
            }
            else
            {
                Assert.False(outcome!.IsCompleted);
            }
        }

        private static T Result<T>(ValueTask<T> task)
        {
            Assert.True(task.IsCompletedSuccessfully);
            return task.Result;
        }

        private static long Nanoseconds(TimeSpan time) => (long)time.TotalMilliseconds * Millisecond;

        private long BackOff(int attempt) =>
            (long)Math.Min(_options.LongestBackOff.TotalMilliseconds, _options.FirstBackOff.TotalMilliseconds * Math.Pow(2, attempt - 1)) * Millisecond;
    }
}
