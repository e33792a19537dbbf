using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.DataSources;

/// <summary>How long the server is waited for until a stream exists and watches its own deadlines: as long as those allow.</summary>
internal sealed class StartLimit : IDisposable
{
    private readonly TimeSpan _limit;
    private readonly string _name;
    private readonly CancellationTokenSource _timeout;
    private readonly CancellationTokenSource _either;
    private readonly CancellationToken _caller;

    public StartLimit(JsonRowStreamOptions options, CancellationToken caller)
    {
        bool isTotal = options.TotalTimeout != Timeout.InfiniteTimeSpan
            && (options.ProgressTimeout == Timeout.InfiniteTimeSpan || options.TotalTimeout < options.ProgressTimeout);
        _limit = isTotal ? options.TotalTimeout : options.ProgressTimeout;
        _name = isTotal ? nameof(options.TotalTimeout) : nameof(options.ProgressTimeout);
        _caller = caller;
        _timeout = new CancellationTokenSource(_limit, options.TimeProvider);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_timeout.Token, caller);
    }

    /// <summary>Cancelled when the time is over, or by the caller.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>Whether a wait was cancelled by the limit and not by the caller.</summary>
    public bool HasPassed(Exception failure) => failure is OperationCanceledException && !_caller.IsCancellationRequested;

    /// <summary>The error to say so with.</summary>
    /// <param name="what">What did not happen, as the beginning of a sentence.</param>
    public StreamRuntimeException Passed(string what) => new(ErrorKind.Timeout, $"{what} within {_limit.TotalSeconds:0.###} s ({_name}).", isTransient: true);

    public void Dispose()
    {
        _either.Dispose();
        _timeout.Dispose();
    }
}
