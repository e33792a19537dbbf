using System.IO.Pipelines;
using System.Runtime.ExceptionServices;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using StreamRuntime.AspNetCore.Diagnostics;
using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.Streams;
using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.Responses;

// How a result ends, whole or broken.
internal sealed partial class HttpRowsSession
{
    // Thrown to the server once everything is given back: it sends what was flushed, and then ends the connection or the stream without ending the body.
    private ExceptionDispatchInfo? _thrown;

    /// <summary>Ends the document. From here on there is a limit to how long the client may take nothing: only its own reading is waited for.</summary>
    private async ValueTask EndAsync()
    {
        Gateway.Unread.Watch(_context);
        if (_heartbeat is not null)
        {
            await _heartbeat.StopAsync().ConfigureAwait(false);
        }

        if ((_controlLines || _checkpoints is not null) && await _copy!.EndFlushAsync().ConfigureAwait(false))
        {
            WriteCheckpoint();
        }

        if (_controlLines && await _copy!.EndFlushAsync().ConfigureAwait(false))
        {
            ControlLines.WriteComplete(_context.Response.BodyWriter, _copy.Rows);
        }

        await _copy!.EndAsync(_stop.Token).ConfigureAwait(false);
    }

    /// <summary>Before the first row: the failure is an HTTP error.</summary>
    private async Task<SessionEnd> RefuseAsync(Exception failure)
    {
        if (_context.RequestAborted.IsCancellationRequested)
        {
            return SessionEnd.ClientGone;
        }

        if (!IsEndedFromOutside)
        {
            GatewayLog.OpenFailed(Gateway.Logger, Endpoint, failure);
        }

        await ProblemWriter.WriteAsync(_context, ProblemOf(failure), Gateway.Options.RetryAfter).ConfigureAwait(false);
        return SessionEnd.Failed;
    }

    /// <summary>After the first row: the result must not look whole.</summary>
    private async Task<SessionEnd> BreakAsync(Exception failure)
    {
        if (_context.RequestAborted.IsCancellationRequested)
        {
            return SessionEnd.ClientGone;
        }

        bool canSay = _format == RowFormat.ServerSentEvents || _controlLines;
        bool isLeftToServer = !canSay && await TryLeaveUnfinishedAsync(failure).ConfigureAwait(false);
        if (!isLeftToServer && !IsEndedFromOutside)
        {
            // A failure that is left to the server is logged there.
            GatewayLog.StreamFailed(Gateway.Logger, Endpoint, _copy!.Rows, failure);
        }

        return canSay ? await SayAsync(ProblemOf(failure)).ConfigureAwait(false) : SessionEnd.Failed;
    }

    private async Task<SessionEnd> SayAsync(StreamProblem problem)
    {
        Gateway.Unread.Watch(_context);
        try
        {
            if (_heartbeat is not null)
            {
                await _heartbeat.StopAsync().ConfigureAwait(false);
            }

            if (!await IsUnderWayFlushedAsync().ConfigureAwait(false))
            {
                return SessionEnd.ClientGone;
            }

            Say(problem);
            await _context.Response.BodyWriter.FlushAsync(_context.RequestAborted).ConfigureAwait(false);
            return SessionEnd.Failed;
        }
        catch (OperationCanceledException)
        {
            return SessionEnd.ClientGone;
        }
    }

    /// <summary>Waits for what is being flushed; false when the client has gone.</summary>
    private async ValueTask<bool> IsUnderWayFlushedAsync()
    {
        try
        {
            return await _copy!.EndFlushAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!_context.RequestAborted.IsCancellationRequested)
        {
            // Whoever ended the session ended the wait; what was written stays written.
            return true;
        }
    }

    /// <summary>Ends the response so that its body can't be taken for a whole one.</summary>
    /// <returns>True when the failure is thrown to the server for that; false when the connection is cut off.</returns>
    private async ValueTask<bool> TryLeaveUnfinishedAsync(Exception failure)
    {
        // A body of HTTP/1.0 ends with its connection, so only a reset tells a broken one. Whoever ended the session from outside does not wait for its client.
        bool mustReset = HttpProtocol.IsHttp10(_context.Request.Protocol) || HttpProtocol.IsHttp09(_context.Request.Protocol);
        if (mustReset || End != SessionEnd.None || !await IsFlushedAsync().ConfigureAwait(false))
        {
            _context.Abort();
            return false;
        }

        // A reset would overtake the status line and the rows that are still on their way to the client.
        if (HttpProtocol.IsHttp11(_context.Request.Protocol) && _context.Features.Get<IConnectionLifetimeFeature>() is { } connection)
        {
            // The server waits for a client to take what is left for as long as that lasts. A connection that has ended by then does not notice.
            var limit = new Deadline(Gateway.Wheel, static connection => ((IConnectionLifetimeFeature)connection!).Abort(), connection);
            limit.Schedule(MonotonicClock.After(Gateway.Wheel.Clock.Now, Gateway.Options.CloseTimeout));
        }

        _thrown = ExceptionDispatchInfo.Capture(failure);
        return true;
    }

    /// <summary>Hands the server what was written; false for a client that does not take it.</summary>
    private async ValueTask<bool> IsFlushedAsync()
    {
        try
        {
            Task<FlushResult> flush = _context.Response.BodyWriter.FlushAsync(_context.RequestAborted).AsTask();
            return !(await flush.WaitAsync(Gateway.Options.CloseTimeout, Gateway.Options.TimeProvider, _stop.Token).ConfigureAwait(false)).IsCompleted;
        }
        catch (Exception notFlushed) when (notFlushed is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    private void Say(StreamProblem problem)
    {
        WriteCheckpoint();
        if (_controlLines)
        {
            ControlLines.WriteError(_context.Response.BodyWriter, problem, _copy!.Rows);
        }
        else
        {
            long? retryMs = End == SessionEnd.Shutdown ? (long)Gateway.Options.RetryAfter.TotalMilliseconds : null;
            ControlLines.WriteErrorEvent(_context.Response.BodyWriter, problem, _copy!.Rows, retryMs);
        }
    }

    private bool IsEndedFromOutside => End is SessionEnd.Shutdown or SessionEnd.Administrator;

    private StreamProblem ProblemOf(Exception failure) => End switch
    {
        SessionEnd.Shutdown => StreamProblem.Shutdown,
        SessionEnd.Administrator => StreamProblem.Closed,
        _ => StreamProblem.Of(failure),
    };
}
