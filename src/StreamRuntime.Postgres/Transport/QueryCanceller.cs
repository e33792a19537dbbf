using System.Net.Sockets;
using StreamRuntime.Postgres.Protocol;

namespace StreamRuntime.Postgres.Transport;

/// <summary>Ends a query that nobody wants any more, within a bounded time and a bounded number of bytes.</summary>
internal static class QueryCanceller
{
    // Longer than a server that heard us takes to stop, and short beside the second within which a query is to be gone.
    private static readonly TimeSpan FirstRepeat = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Reads what is left of a result and drops it, until the server is ready for the next query. With <paramref name="cancel"/> the server is asked
    /// to stop as well, at the same time: a backend that is blocked on a full socket hears no cancel, so reading on is what makes it work.
    /// </summary>
    /// <returns>
    /// True when the connection is clean: the server is ready, and no cancel request can still be under way. Otherwise the connection must be closed.
    /// </returns>
    public static async Task<bool> DrainAsync(PostgresConnection connection, bool cancel)
    {
        PostgresOptions options = connection.Options;
        using var timeout = new CancellationTokenSource(options.CancelTimeout, options.TimeProvider);
        Task<bool> drained = TryDrainAsync(connection, timeout.Token);
        bool noneUnderWay = !cancel || await CancelUntilAsync(drained, connection, timeout.Token).ConfigureAwait(false);
        return await drained.ConfigureAwait(false) && noneUnderWay;
    }

    /// <summary>Asks the server to stop what the connection runs, before the connection is closed without reading on.</summary>
    public static async Task RequestAsync(PostgresConnection connection)
    {
        using var timeout = new CancellationTokenSource(connection.Options.CancelTimeout, connection.Options.TimeProvider);
        await TryCancelAsync(connection, timeout.Token).ConfigureAwait(false);
    }

    private static async Task<bool> TryDrainAsync(PostgresConnection connection, CancellationToken cancellationToken)
    {
        // On its own: from a server that sends without a pause every receive ends at once, and the cancel request would wait for the last.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            return await DropUntilReadyAsync(connection, connection.Options.CancelDrainBytes, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is StreamRuntimeException or OperationCanceledException)
        {
            // Too slow, too much, lost or broken: all end in closing the connection.
            return false;
        }
    }

    /// <summary>
    /// Asks until the result has ended. A backend that gets the request while it is still reading the query's messages ignores it, and then runs the
    /// query, so once may not be enough. Each request is waited out before the next, and before this returns. Where there is too much left to read, it is
    /// asked all the same: the query is to end, whatever becomes of the connection.
    /// </summary>
    private static async Task<bool> CancelUntilAsync(Task<bool> drained, PostgresConnection connection, CancellationToken cancellationToken)
    {
        TimeProvider time = connection.Options.TimeProvider;
        TimeSpan pause = FirstRepeat;
        do
        {
            if (drained.IsCompleted && await drained.ConfigureAwait(false))
            {
                return true;
            }

            if (!await TryCancelAsync(connection, cancellationToken).ConfigureAwait(false))
            {
                return false;
            }

            // A deadline that passes ends the draining too. The pause's timer must not outlive it: many queries are cancelled within one.
            using var paused = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(drained, Task.Delay(pause, time, paused.Token)).ConfigureAwait(false);
            await paused.CancelAsync().ConfigureAwait(false);
            pause *= 2;
        }
        while (!drained.IsCompleted);

        return true;
    }

    private static async Task<bool> TryCancelAsync(PostgresConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            return await CancelRequest.SendAsync(connection, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is StreamRuntimeException or OperationCanceledException or IOException or SocketException)
        {
            // Not delivered. The caller closes the connection, which ends the query as soon as the server writes to it.
            return false;
        }
    }

    private static async Task<bool> DropUntilReadyAsync(PostgresConnection connection, long mostBytes, CancellationToken cancellationToken)
    {
        long dropped = 0;
        int skip = 0;
        int needed;
        while (true)
        {
            ReadOnlyMemory<byte> buffered = connection.Input.Buffered;
            int taken = Math.Min(skip, buffered.Length);
            skip -= taken;
            needed = 0;
            bool ready = skip == 0 && TrySkipMessages(connection, buffered.Span, ref taken, ref skip, out needed);
            connection.Input.Consume(taken);
            dropped += taken;
            if (ready)
            {
                return true;
            }

            if (dropped > mostBytes)
            {
                return false;
            }

            await connection.ReceiveAsync(needed, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Skips whole messages, and the beginning of a row that has not wholly come; true at ReadyForQuery.</summary>
    private static bool TrySkipMessages(PostgresConnection connection, ReadOnlySpan<byte> buffered, ref int taken, ref int skip, out int needed)
    {
        needed = 0;
        while (BackendMessage.TryReadHeader(buffered[taken..], out BackendMessageType type, out int bodyLength))
        {
            int here = buffered.Length - taken - BackendMessage.HeaderBytes;
            if (type != BackendMessageType.DataRow)
            {
                BackendMessage.CheckBody(type, bodyLength);
                if (here < bodyLength)
                {
                    needed = BackendMessage.HeaderBytes + bodyLength;
                    return false;
                }

                ReadOnlySpan<byte> body = buffered.Slice(taken + BackendMessage.HeaderBytes, bodyLength);
                if (type == BackendMessageType.ReadyForQuery)
                {
                    connection.TakeReadyForQuery(body);
                    taken += BackendMessage.HeaderBytes + bodyLength;
                    return true;
                }

                connection.TryHandleAnytime(type, body);
            }

            int drop = Math.Min(here, bodyLength);
            taken += BackendMessage.HeaderBytes + drop;
            skip = bodyLength - drop;
            if (skip > 0)
            {
                return false;
            }
        }

        return false;
    }
}
