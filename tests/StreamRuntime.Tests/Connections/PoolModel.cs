using StreamRuntime.Connections;

namespace StreamRuntime.Tests.Connections;

/// <summary>What a pool should do, in lists that are searched; times are milliseconds. Whatever takes a while in the pool takes no time here.</summary>
internal sealed class PoolModel(ConnectionPoolOptions options)
{
    private readonly List<ModelConnection> _leased = [];
    private readonly List<ModelConnection> _idle = []; // the newest last
    private readonly List<ModelConnection> _hanging = []; // closed, but not done with it
    private readonly List<ModelLease> _line = [];
    private bool _isUsed;
    private long _leases;
    private long _openFailures;
    private long _expired;
    private long _broken;
    private long _timeouts;

    public long Now { get; private set; }

    public bool IsDisposed { get; private set; }

    /// <summary>True once the disposal has nothing to wait for; what is returned after that is not its business.</summary>
    public bool IsEmptied { get; private set; }

    /// <summary>Connections being opened.</summary>
    public int Opening { get; private set; }

    /// <summary>Attempts to open, ever.</summary>
    public int Openings { get; private set; }

    /// <summary>Every connection that was opened, in that order.</summary>
    public List<ModelConnection> Connections { get; } = [];

    public IReadOnlyList<ModelConnection> Leased => _leased;

    public IReadOnlyList<ModelConnection> Idle => _idle;

    public IReadOnlyList<ModelConnection> Hanging => _hanging;

    public PoolStatistics Statistics => new()
    {
        Leased = _leased.Count,
        Idle = _idle.Count,
        Opening = Opening,
        Closing = _hanging.Count,
        Waiting = _line.Count,
        Leases = _leases,
        Opened = Connections.Count,
        OpenFailures = _openFailures,
        Expired = _expired,
        Broken = _broken,
        Timeouts = _timeouts,
    };

    private int Total => _leased.Count + _idle.Count + Opening + _hanging.Count;

    public ModelLease Lease(bool isCancelled)
    {
        var lease = new ModelLease { GivesUpAt = Now + Milliseconds(options.LeaseTimeout) };
        if (isCancelled || IsDisposed)
        {
            lease.Failure = isCancelled ? typeof(OperationCanceledException) : typeof(ObjectDisposedException);
            return lease;
        }

        while (_line.Count == 0 && _idle.Count > 0)
        {
            ModelConnection newest = _idle[^1];
            _idle.RemoveAt(_idle.Count - 1);
            if (!newest.IsBroken || Now - newest.ReturnedAt < Milliseconds(options.UsableWithoutLook))
            {
                _leased.Add(newest);
                Answer(lease, newest);
                return lease;
            }

            _broken++;
            Close(newest);
        }

        _isUsed = true;
        _line.Add(lease);
        OpenWhatIsMissing();
        return lease;
    }

    public void Cancel(ModelLease lease)
    {
        if (_line.Remove(lease))
        {
            lease.Failure = typeof(OperationCanceledException);
        }
    }

    public void Return(ModelConnection connection, bool isClean)
    {
        if (isClean && TryHandOn(connection))
        {
            return;
        }

        _leased.Remove(connection);
        _broken += isClean ? 0 : 1;
        _expired += isClean && !IsDisposed ? 1 : 0;
        Close(connection);
    }

    public void Opened()
    {
        Opening--;
        var connection = new ModelConnection { OpenedAt = Now };
        LookWhetherEmptied();
        Connections.Add(connection);
        _leased.Add(connection);
        if (!TryHandOn(connection))
        {
            _leased.Remove(connection);
            Close(connection);
        }
    }

    public void OpeningFailed()
    {
        Opening--;
        _openFailures++;
        if (_line.Count > 0)
        {
            _line[0].Failure = typeof(IOException);
            _line.RemoveAt(0);
        }

        OpenWhatIsMissing(toMinimum: false);
    }

    /// <summary>What hung when it was closed does so no longer.</summary>
    public void FinishClose(ModelConnection connection)
    {
        _hanging.Remove(connection);
        OpenWhatIsMissing();
    }

    public void Dispose()
    {
        IsDisposed = true;
        _line.ForEach(l => l.Failure = typeof(ObjectDisposedException));
        _line.Clear();

        // All at the same time: it is not over before the last of them is.
        foreach (ModelConnection idle in _idle.OrderByDescending(i => i.HangsWhenClosed))
        {
            Close(idle);
        }

        _idle.Clear();
        OpenWhatIsMissing();
    }

    /// <summary>When to look next, at this time or later: nobody knows the whole lifetime of a connection before it is over.</summary>
    public long CertainFrom(long time)
    {
        // Again from the start when it was put later: that may be within the last tenth of another one's life.
        while (_leased.Concat(_idle).FirstOrDefault(c => time >= c.OpenedAt + Lifetime * 9 / 10 && time < c.OpenedAt + Lifetime) is { } uncertain)
        {
            time = uncertain.OpenedAt + Lifetime;
        }

        return time;
    }

    /// <summary>All that time brings. In which order makes no difference: where somebody waits nothing is idle, and nothing opens by itself.</summary>
    public void AdvanceTo(long time)
    {
        Now = time;
        foreach (ModelLease late in _line.Where(l => l.GivesUpAt <= time).ToArray())
        {
            _line.Remove(late);
            late.Failure = typeof(StreamRuntimeException);
            _timeouts++;
        }

        foreach (ModelConnection old in _leased.Where(c => c.OpenedAt + Lifetime <= time))
        {
            old.IsTooOld = true;
        }

        foreach (ModelConnection over in _idle.Where(c => c.ReturnedAt + Milliseconds(options.IdleTimeout) <= time || c.OpenedAt + Lifetime <= time).ToArray())
        {
            _idle.Remove(over);
            _expired++;
            Close(over);
        }
    }

    private long Lifetime => Milliseconds(options.MaxLifetime);

    private bool TryHandOn(ModelConnection connection)
    {
        if (IsDisposed || connection.IsTooOld)
        {
            return false;
        }

        if (_line.Count > 0)
        {
            Answer(_line[0], connection);
            _line.RemoveAt(0);
            return true;
        }

        connection.ReturnedAt = Now;
        _leased.Remove(connection);
        _idle.Add(connection);
        return true;
    }

    private void Answer(ModelLease lease, ModelConnection connection)
    {
        lease.Connection = connection;
        lease.IsReused = connection.Uses++ > 0;
        _leases++;
    }

    private void Close(ModelConnection connection)
    {
        connection.IsClosed = true;
        if (connection.HangsWhenClosed)
        {
            // It keeps its place until it is done.
            _hanging.Add(connection);
        }
        else
        {
            OpenWhatIsMissing();
        }
    }

    // After every change that may leave something to do.
    private void OpenWhatIsMissing(bool toMinimum = true)
    {
        LookWhetherEmptied();
        while (!IsDisposed && Total < options.MaxSize && (_line.Count > Opening || (toMinimum && _isUsed && Total < options.MinSize)))
        {
            Opening++;
            Openings++;
        }
    }

    private void LookWhetherEmptied() => IsEmptied |= IsDisposed && Opening == 0 && _hanging.Count == 0;

    private static long Milliseconds(TimeSpan time) => (long)time.TotalMilliseconds;
}

/// <summary>A connection as the model knows it.</summary>
internal sealed class ModelConnection
{
    public long OpenedAt { get; init; }

    public long ReturnedAt { get; set; }

    public int Uses { get; set; }

    public bool IsBroken { get; set; }

    public bool IsTooOld { get; set; }

    public bool HangsWhenClosed { get; set; }

    public bool IsClosed { get; set; }
}

/// <summary>A lease as the model knows it: with a connection, or failed, or else in line.</summary>
internal sealed class ModelLease
{
    public long GivesUpAt { get; init; }

    public ModelConnection? Connection { get; set; }

    public bool IsReused { get; set; }

    public Type? Failure { get; set; }
}
