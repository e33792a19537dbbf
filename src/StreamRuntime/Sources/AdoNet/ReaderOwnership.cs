using System.Data.Common;
using System.Runtime.ExceptionServices;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>Who has to be told that nobody reads any more, and what has to be closed then.</summary>
/// <remarks>
/// Cancelling may be asked for by any thread; it happens once, on a thread of the pool, because many providers connect anew for it and block meanwhile. Closing
/// waits for it, so that it can't meet the connection's next command.
/// </remarks>
internal sealed class ReaderOwnership(DbDataReader reader, DbCommand? command, bool ownsReader, DataReaderRowsOptions options, TimeProvider time)
{
    // Taken before the command may forget it.
    private readonly DbConnection? _connection = options.OwnsConnection ? command?.Connection : null;
    private readonly object _sync = new();
    private Task? _cancelling;

    /// <summary>Asks the provider to end the command; does nothing when there is none, or when it was asked before.</summary>
    public void Cancel()
    {
        if (command is null)
        {
            return;
        }

        lock (_sync)
        {
            _cancelling ??= Task.Run(CancelNow);
        }
    }

    /// <summary>Confirms the end of the command: what is wrong with it behind its first result is thrown.</summary>
    public Task EndAsync() => ownsReader ? reader.CloseAsync() : Task.CompletedTask;

    /// <summary>Closes what is the stream's to close. Every part is, whatever happens to the others; the first failure is thrown at the end.</summary>
    /// <param name="pending">What the provider is still doing.</param>
    /// <returns>False when the provider was not to be moved in time, and may still be at it.</returns>
    public async ValueTask<bool> CloseAsync(Task? pending)
    {
        Exception? failure = null;
        bool hasEnded = true;
        if (pending is not null)
        {
            // How it ends is no news: nobody wants it any more.
            await TryAsync(pending, null).ConfigureAwait(false);
            hasEnded = pending.IsCompleted;
        }

        Task? cancelling;
        lock (_sync)
        {
            cancelling = _cancelling;
        }

        failure = cancelling is null ? null : await TryAsync(cancelling, failure).ConfigureAwait(false);
        if (ownsReader)
        {
            Exception? closing = await TryAsync(DisposeAsync(reader), null).ConfigureAwait(false);

            // A command that was cancelled says so to whoever closes it.
            failure ??= closing is DbException or OperationCanceledException && cancelling is not null ? null : closing;
        }

        if (options.OwnsCommand && command is not null)
        {
            failure = await TryAsync(DisposeAsync(command), failure).ConfigureAwait(false);
        }

        if (_connection is not null)
        {
            failure = await TryAsync(DisposeAsync(_connection), failure).ConfigureAwait(false);
        }

        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        return hasEnded;
    }

    /// <summary>Closes what the stream would have owned, had the command been run.</summary>
    public static async ValueTask CloseAsync(DbCommand command, DbConnection? connection, DataReaderRowsOptions options)
    {
        try
        {
            if (options.OwnsCommand)
            {
                await command.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            if (connection is not null)
            {
                await connection.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private void CancelNow()
    {
        try
        {
            command!.Cancel();
        }
        catch (NotSupportedException)
        {
            // Then the command can only be read to its end, which is what closing its reader does.
        }
    }

    private static async Task DisposeAsync(IAsyncDisposable what) => await what.DisposeAsync().ConfigureAwait(false);

    private async Task<Exception?> TryAsync(Task task, Exception? earlier)
    {
        try
        {
            await task.WaitAsync(options.CloseTimeout, time).ConfigureAwait(false);
            return earlier;
        }
#pragma warning disable CA1031 // What is left must be closed as well; the failure is thrown then.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            return earlier ?? failure;
        }
    }
}
