using StreamRuntime.Connections;

namespace StreamRuntime.Tests.Connections;

/// <summary>An opener whose attempts end when the test says so.</summary>
internal sealed class Openings
{
    private readonly List<Opening> _all = [];

    public IReadOnlyList<Opening> All => _all;

    public Opening Last => _all[^1];

    public ValueTask<FakeConnection> OpenAsync(LinkAttempt<string> attempt, CancellationToken cancellationToken)
    {
        var opening = new Opening(attempt, cancellationToken);
        _all.Add(opening);
        return new ValueTask<FakeConnection>(opening.Result.Task);
    }

    internal sealed record Opening(LinkAttempt<string> Attempt, CancellationToken Token)
    {
        public TaskCompletionSource<FakeConnection> Result { get; } = new();

        public bool IsPending => !Result.Task.IsCompleted;

        public FakeConnection Succeed(FakeConnection? connection = null)
        {
            connection ??= new FakeConnection();
            AtOnce(() => Result.SetResult(connection));
            return connection;
        }

        public Exception Fail(Exception? error = null)
        {
            error ??= new IOException("scripted");
            AtOnce(() => Result.SetException(error));
            return error;
        }

        // What waits for the result goes on before this returns, which it does on a thread without a context only.
        private static void AtOnce(Action set)
        {
            SynchronizationContext? context = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(null);
            set();
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }
}

/// <summary>A connection that counts how often it is closed.</summary>
internal sealed class FakeConnection : IAsyncDisposable
{
    private int _closes;

    public int Closes => Volatile.Read(ref _closes);

    public Exception? FailsToClose { get; init; }

    public ValueTask DisposeAsync()
    {
        Interlocked.Increment(ref _closes);
        return FailsToClose is null ? default : ValueTask.FromException(FailsToClose);
    }
}
