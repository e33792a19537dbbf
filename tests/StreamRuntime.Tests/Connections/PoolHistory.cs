using System.Diagnostics;
using StreamRuntime.Connections;
using StreamRuntime.TestKit.Timing;
using StreamRuntime.Tests.Timing;
using StreamRuntime.Timing;

namespace StreamRuntime.Tests.Connections;

/// <summary>What happens to a pool in one step.</summary>
public enum PoolAct
{
    Lease,
    LeaseCancelled,
    Cancel,
    ReturnClean,
    ReturnNotClean,
    ReturnAgain,
    OpenSucceeds,
    OpenFails,
    BreakIdle,
    BreakLeased,
    HangWhenClosed,
    FinishClose,
    Advance,
    Dispose,
}

/// <summary>One step; what has no object is passed over.</summary>
/// <param name="Act">What happens.</param>
/// <param name="Which">To which of those there are.</param>
/// <param name="Time">Hundredths of a second.</param>
public readonly record struct PoolStep(PoolAct Act, int Which, int Time);

/// <summary>One history of a pool and of its model, which are compared after every step.</summary>
/// <remarks>
/// The clock stands and its callbacks run at once. What the pool has the thread pool do (begin to open, tell who waits) shows in what is compared, and is
/// waited for there; nothing that was counted once is ever taken back, so what comes too often or too late differs at a later step.
/// </remarks>
internal sealed class PoolHistory : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly TimingWheel _wheel;
    private readonly PoolOpenings _server = new();
    private readonly ConnectionPoolOptions _options;
    private readonly ConnectionPool<PoolConnection> _pool;
    private readonly TimeSpan _patience;

    private readonly PoolModel _model;
    private readonly List<PoolConnection> _connections = []; // as the model's
    private readonly List<Asked> _asked = [];
    private readonly List<Task> _returns = [];
    private Task? _disposal;

    public PoolHistory(ConnectionPoolOptions options, TimeSpan patience)
    {
        var queue = new WorkQueue { IsInline = true };
        _options = options with { TimeProvider = _time };
        _wheel = new TimingWheel(_time, TimeSpan.FromMilliseconds(10), queue.Add);
        _pool = new ConnectionPool<PoolConnection>(_server.OpenAsync, _options, _wheel);
        _model = new PoolModel(options);
        _patience = patience;
    }

    public void Run(IEnumerable<PoolStep> steps)
    {
        foreach (PoolStep step in steps)
        {
            Do(step);
            Compare(step.ToString());
        }

        End();
    }

    // The pool ends in its history; one that failed must not keep its place among the metrics.
    public void Dispose()
    {
        _pool.DisposeAsync().AsTask().ContinueWith(static _ => { }, TaskScheduler.Default);
        _wheel.Dispose();
        _asked.ForEach(a => a.Cancellation.Dispose());
    }

    private void Do(PoolStep step)
    {
        switch (step.Act)
        {
            case PoolAct.Lease:
            case PoolAct.LeaseCancelled:
                Ask(isCancelled: step.Act == PoolAct.LeaseCancelled);
                break;
            case PoolAct.Cancel when Pick(_asked, step.Which) is { } asked:
                _model.Cancel(asked.Model);
                asked.Cancellation.Cancel();
                break;
            case PoolAct.ReturnClean or PoolAct.ReturnNotClean when Pick(_asked.FindAll(a => a.IsHeld), step.Which) is { } held:
                Return(held, step.Act == PoolAct.ReturnClean);
                break;
            case PoolAct.ReturnAgain when Pick(_asked.FindAll(a => a.IsReturned), step.Which) is { } returned:
                _returns.Add(returned.Lease.ReturnAsync(isClean: step.Time % 2 == 0).AsTask());
                Assert.Throws<InvalidOperationException>(() => returned.Lease.Connection);
                break;
            case PoolAct.OpenSucceeds when Pick(_server.Pending, step.Which) is { } opening:
                _model.Opened();
                _connections.Add(_server.Succeed(opening));
                break;
            case PoolAct.OpenFails when Pick(_server.Pending, step.Which) is { } opening:
                _model.OpeningFailed();
                _server.Fail(opening);
                break;
            case PoolAct.BreakIdle or PoolAct.BreakLeased when Pick(step.Act == PoolAct.BreakIdle ? _model.Idle : _model.Leased, step.Which) is { } connection:
                connection.IsBroken = true;
                Real(connection).IsBroken = true;
                break;
            case PoolAct.HangWhenClosed when Pick([.. _model.Leased.Concat(_model.Idle)], step.Which) is { } connection:
                connection.HangsWhenClosed = true;
                Real(connection).Hold ??= new TaskCompletionSource();
                break;
            case PoolAct.FinishClose when Pick(_model.Hanging, step.Which) is { } connection:
                FinishClose(connection);
                break;
            case PoolAct.Advance:
                Advance(_model.Now + step.Time * 10);
                break;
            case PoolAct.Dispose:
                DisposePool();
                break;
        }
    }

    private void Ask(bool isCancelled)
    {
        var cancellation = new CancellationTokenSource();
        if (isCancelled)
        {
            cancellation.Cancel();
        }

        _asked.Add(new Asked(_model.Lease(isCancelled), LeaseAsync(cancellation.Token), cancellation));
    }

    private async Task<PoolLease<PoolConnection>> LeaseAsync(CancellationToken cancellationToken) => await _pool.LeaseAsync(cancellationToken).ConfigureAwait(false);

    private void Return(Asked held, bool isClean)
    {
        held.IsReturned = true;
        _model.Return(held.Model.Connection!, isClean);
        _returns.Add(held.Lease.ReturnAsync(isClean).AsTask());
    }

    private void FinishClose(ModelConnection connection)
    {
        _model.FinishClose(connection);
        PoolOpening.AtOnce(Real(connection).Hold!.SetResult);
    }

    private void Advance(long to)
    {
        to = _model.CertainFrom(to);
        TimeSpan by = TimeSpan.FromMilliseconds(to - _model.Now);
        _model.AdvanceTo(to);
        _time.Advance(by);
    }

    private void DisposePool()
    {
        int heard = _server.Pending.Count(o => o.HearsToken);
        _model.Dispose();
        for (int i = 0; i < heard; i++)
        {
            _model.OpeningFailed();
        }

        Task disposal = _pool.DisposeAsync().AsTask();
        _disposal = _disposal is { } earlier ? Task.WhenAll(earlier, disposal) : disposal;
    }

    /// <summary>Lets everything end, and looks at what is left: nothing, neither connections nor deadlines nor leases without an answer.</summary>
    private void End()
    {
        while (Any(_asked.Find(a => a.IsHeld), out Asked held))
        {
            Return(held, isClean: false);
            Compare("a return at the end");
        }

        while (Any(Pick(_model.Hanging, 0), out ModelConnection hanging))
        {
            FinishClose(hanging);
            Compare("a close at the end");
        }

        // Past every idle timeout and lifetime; and what is opened anew for the minimum fails.
        Advance(_model.Now + (long)_options.MaxLifetime.TotalMilliseconds * 2);
        Compare("the last wait");
        while (_model.Opening > 0 || _model.Hanging.Count > 0)
        {
            if (_model.Hanging.Count > 0)
            {
                FinishClose(_model.Hanging[0]);
            }
            else
            {
                _model.OpeningFailed();
                _server.Fail(_server.Pending[0]);
            }

            Compare("an opening or a close at the end");
        }

        PoolStatistics end = _pool.GetStatistics();
        Assert.Equal((0, 0), (end.Total, end.Waiting));
        Assert.Equal(0, _wheel.Count);
        Assert.All(_connections, c => Assert.Equal(1, c.Closes));
        Assert.All(_asked, a => Assert.True(a.Task.IsCompleted));
        Assert.All(_returns, r => Assert.True(r.IsCompletedSuccessfully));
        DisposePool();
        Compare("the disposal");
        Assert.Equal(0, _time.ArmedTimers);
    }

    private void Compare(string after)
    {
        var waited = Stopwatch.StartNew();
        var spinner = default(SpinWait);
        while (Difference() is { } difference)
        {
            Assert.True(waited.Elapsed < _patience, $"After {after}: {difference}");
            spinner.SpinOnce();
        }
    }

    /// <summary>Null when pool and model are the same.</summary>
    private string? Difference()
    {
        Assert.InRange(_server.MostOpen, 0, _options.MaxSize);
        PoolStatistics statistics = _pool.GetStatistics();
        if (statistics != _model.Statistics)
        {
            return $"{statistics} instead of {_model.Statistics}";
        }

        if (_server.Count != _model.Openings)
        {
            return $"{_server.Count} openings instead of {_model.Openings}";
        }

        for (int i = 0; i < _connections.Count; i++)
        {
            if (_connections[i].Closes != (_model.Connections[i].IsClosed ? 1 : 0))
            {
                return $"connection {i} closed {_connections[i].Closes} times";
            }
        }

        // A lifetime and a wake-up for each connection that is open, a timeout for each lease in line, and nothing of the past; at the end the wheel forgets the rest.
        if (!_model.IsDisposed && _wheel.Count > 2 * (statistics.Leased + statistics.Idle) + statistics.Waiting)
        {
            return $"{_wheel.Count} deadlines with {statistics}";
        }

        if (_disposal is not null && _disposal.IsCompleted != _model.IsEmptied)
        {
            return $"the disposal is {_disposal.Status}";
        }

        return _asked.Select((asked, i) => asked.Difference(Real) is { } d ? $"lease {i} {d}" : null).FirstOrDefault(d => d is not null);
    }

    private PoolConnection Real(ModelConnection connection) => _connections[_model.Connections.IndexOf(connection)];

    private static T? Pick<T>(IReadOnlyList<T> from, int which)
        where T : class => from.Count == 0 ? null : from[which % from.Count];

    private static bool Any<T>(T? found, out T any)
        where T : class
    {
        any = found!;
        return found is not null;
    }

    /// <summary>A lease that was asked for.</summary>
    private sealed class Asked(ModelLease model, Task<PoolLease<PoolConnection>> task, CancellationTokenSource cancellation)
    {
        private bool _isSame;

        public ModelLease Model { get; } = model;

        public Task<PoolLease<PoolConnection>> Task { get; } = task;

        public CancellationTokenSource Cancellation { get; } = cancellation;

        public PoolLease<PoolConnection> Lease { get; private set; }

        public bool IsReturned { get; set; }

        public bool IsHeld => Model.Connection is not null && !IsReturned;

        public string? Difference(Func<ModelConnection, PoolConnection> real)
        {
            // An answer is for good.
            if (_isSame)
            {
                return null;
            }

            if (!Task.IsCompleted)
            {
                return Model.Connection is null && Model.Failure is null ? null : "waits";
            }

            if (Task.IsCompletedSuccessfully)
            {
                Lease = Task.Result;
                _isSame = Model.Connection is { } connection && ReferenceEquals(Lease.Connection, real(connection)) && Lease.IsReused == Model.IsReused;
                return _isSame ? null : "has a connection that it should not have";
            }

            Exception failure = Task.IsCanceled ? new OperationCanceledException() : Task.Exception!.InnerException!;
            _isSame = Model.Failure == failure.GetType();
            return _isSame ? null : $"failed with {failure} instead of {Model.Failure?.Name ?? "a connection"}";
        }
    }
}
