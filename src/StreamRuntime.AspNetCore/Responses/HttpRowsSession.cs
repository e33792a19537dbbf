using System.IO.Pipelines;
using System.Net;
using System.Runtime.ExceptionServices;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using StreamRuntime.AspNetCore.Diagnostics;
using StreamRuntime.AspNetCore.Queries;
using StreamRuntime.AspNetCore.Resuming;
using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.Streams;
using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.Responses;

/// <summary>One HTTP result: opens the stream, waits for the first row or error, and then sends rows at the client's pace.</summary>
/// <remarks>
/// A result that broke is never ended like a whole one: the body of NDJSON and of arrays stays unfinished; events, and NDJSON with control lines, end with an
/// error of their own.
/// </remarks>
internal sealed class HttpRowsSession : GatewaySession
{
    private readonly HttpContext _context;
    private readonly RowFormat _format;
    private readonly bool _controlLines;
    private readonly Func<CancellationToken, ValueTask<JsonRowStream>> _open;

    // Cancelled by a client that goes, and by whoever ends the session from outside.
    private readonly CancellationTokenSource _stop;
    private readonly RowsRequest? _request;
    private RowCopy? _copy;
    private Checkpoints? _checkpoints;
    private EventHeartbeat? _heartbeat;

    // Thrown to the server once everything is given back: it sends what was flushed, and then ends the connection or the stream without ending the body.
    private ExceptionDispatchInfo? _thrown;

    public HttpRowsSession(
        Gateway gateway, string endpoint, IPAddress client, HttpContext context, RowFormat format, bool controlLines, Func<CancellationToken, ValueTask<JsonRowStream>> open, RowsRequest? request)
        : base(gateway, endpoint, client)
    {
        _context = context;
        _format = format;
        _controlLines = controlLines;
        _open = open;
        _request = request;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
    }

    public override string Transport => "http";

    public override void BeginClose(SessionEnd end)
    {
        if (TryClose(end))
        {
            Stop();
        }
    }

    public override void Abort()
    {
        TryClose(SessionEnd.Shutdown);
        AbortRequest(_context);
        Stop();
    }

    public async Task RunAsync()
    {
        // Between being let in and being listed, a shutdown may have closed everybody it saw.
        if (Gateway.Phase >= GatewayPhase.Closing)
        {
            BeginClose(SessionEnd.Shutdown);
        }

        SessionEnd end = SessionEnd.Failed;
        try
        {
            end = await ServeAsync().ConfigureAwait(false);
        }
        finally
        {
            if (_heartbeat is not null)
            {
                await _heartbeat.StopAsync().ConfigureAwait(false);
            }

            if (Stream is not null)
            {
                await Stream.DisposeAsync().ConfigureAwait(false);
            }

            Finish(end);
            _stop.Dispose();
        }

        _thrown?.Throw();
    }

    private async Task<SessionEnd> ServeAsync()
    {
        TryMove(ConnectionState.Connecting, ConnectionState.Handshaking);
        TryMove(ConnectionState.Handshaking, ConnectionState.Authenticating);
        long askedAt = Gateway.Wheel.Clock.Now;
        BeginSpan();
        bool hasRows;
        try
        {
            SetStream(await _open(_stop.Token).ConfigureAwait(false));
            hasRows = await Stream!.ReadBatchAsync(_stop.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // What the caller's delegate fails with is the client's answer, whatever it is.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            return await RefuseAsync(failure).ConfigureAwait(false);
        }

        if (!TryMove(ConnectionState.Authenticating, ConnectionState.Open))
        {
            return await RefuseAsync(new OperationCanceledException()).ConfigureAwait(false);
        }

        Gateway.Metrics.FirstRow(Endpoint, MonotonicClock.Between(askedAt, Gateway.Wheel.Clock.Now));
        SetHeaders();
        try
        {
            return await SendAsync(hasRows).ConfigureAwait(false) ? SessionEnd.Completed : SessionEnd.ClientGone;
        }
#pragma warning disable CA1031 // As above: after the first row the client is told as its format can.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            return await BreakAsync(failure).ConfigureAwait(false);
        }
    }

    private void SetHeaders()
    {
        RowHeaders.Set(_context.Response, _format);
        _context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();

        // A client that pauses by not reading is welcome to it; the server's own idea of a rate would cut it off.
        if (_context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        _copy = RowCopy.Create(Stream!, _context.Response.BodyWriter, _format);
        _checkpoints = _controlLines || _format == RowFormat.ServerSentEvents ? Checkpoints.For(_request, Stream!, Gateway) : null;
        if (_format == RowFormat.ServerSentEvents && Gateway.Options.EventHeartbeatInterval != Timeout.InfiniteTimeSpan)
        {
            _heartbeat = new EventHeartbeat(
                _context.Response.BodyWriter, Gateway.Wheel, Gateway.Options.EventHeartbeatInterval, Gateway.Metrics, Gateway.Logger, Id);
        }
    }

    /// <summary>True when the whole result was sent; false when the client had gone before.</summary>
    private async Task<bool> SendAsync(bool hasRows)
    {
        for (; hasRows; hasRows = await Stream!.ReadBatchAsync(_stop.Token).ConfigureAwait(false))
        {
            NoticeResumed();
            int rows = Stream!.CurrentBatch.Count;
            Gateway.Metrics.Rows(Endpoint, rows, Stream.CurrentBatch.Bytes);
            if (await SendBatchAsync().ConfigureAwait(false) < rows)
            {
                return false;
            }

            if (_checkpoints is not null && _checkpoints.Sent(rows))
            {
                await SendCheckpointAsync().ConfigureAwait(false);
            }
        }

        if (_heartbeat is not null)
        {
            await _heartbeat.StopAsync().ConfigureAwait(false);
        }

        WriteCheckpoint();
        if (_controlLines)
        {
            ControlLines.WriteComplete(_context.Response.BodyWriter, _copy!.Rows);
        }

        await _copy!.EndAsync(_stop.Token).ConfigureAwait(false);
        return !_context.RequestAborted.IsCancellationRequested;
    }

    private async ValueTask SendCheckpointAsync()
    {
        if (_heartbeat is not null)
        {
            await _heartbeat.EnterAsync(_stop.Token).ConfigureAwait(false);
        }

        try
        {
            WriteCheckpoint();
            await _context.Response.BodyWriter.FlushAsync(_stop.Token).ConfigureAwait(false);
        }
        finally
        {
            _heartbeat?.Leave();
        }
    }

    /// <summary>Says how far the client is, where it can be told and has not been.</summary>
    private void WriteCheckpoint()
    {
        if (_checkpoints?.Take() is not { } token)
        {
            return;
        }

        if (_controlLines)
        {
            ControlLines.WriteCheckpoint(_context.Response.BodyWriter, token, _checkpoints.Rows);
        }
        else
        {
            ControlLines.WriteCheckpointEvent(_context.Response.BodyWriter, token, _checkpoints.Rows);
        }
    }

    private async ValueTask<int> SendBatchAsync()
    {
        if (_heartbeat is null)
        {
            return await _copy!.CopyCurrentBatchAsync(_stop.Token).ConfigureAwait(false);
        }

        await _heartbeat.EnterAsync(_stop.Token).ConfigureAwait(false);
        try
        {
            return await _copy!.CopyCurrentBatchAsync(_stop.Token).ConfigureAwait(false);
        }
        finally
        {
            _heartbeat.Leave();
        }
    }

    /// <summary>Before the first row: the failure is an HTTP error.</summary>
    private async Task<SessionEnd> RefuseAsync(Exception failure)
    {
        if (_context.RequestAborted.IsCancellationRequested)
        {
            return SessionEnd.ClientGone;
        }

        StreamProblem problem = ProblemOf(failure, rows: 0);
        await ProblemWriter.WriteAsync(_context, problem, Gateway.Options.RetryAfter).ConfigureAwait(false);
        return SessionEnd.Failed;
    }

    /// <summary>After the first row: the result must not look whole.</summary>
    private async Task<SessionEnd> BreakAsync(Exception failure)
    {
        if (_context.RequestAborted.IsCancellationRequested)
        {
            return SessionEnd.ClientGone;
        }

        StreamProblem problem = ProblemOf(failure, _copy!.Rows);
        bool canSay = _format == RowFormat.ServerSentEvents || _controlLines;
        try
        {
            if (canSay)
            {
                if (_heartbeat is not null)
                {
                    await _heartbeat.StopAsync().ConfigureAwait(false);
                }

                Say(problem);
                await _context.Response.BodyWriter.FlushAsync(_context.RequestAborted).ConfigureAwait(false);
                return SessionEnd.Failed;
            }
        }
        catch (OperationCanceledException)
        {
            return SessionEnd.ClientGone;
        }

        await LeaveUnfinishedAsync(failure).ConfigureAwait(false);
        return SessionEnd.Failed;
    }

    /// <summary>Ends the response so that its body can't be taken for a whole one.</summary>
    private async ValueTask LeaveUnfinishedAsync(Exception failure)
    {
        // A body of HTTP/1.0 ends with its connection, so only a reset tells a broken one. Whoever ended the session from outside does not wait for its client.
        bool mustReset = HttpProtocol.IsHttp10(_context.Request.Protocol) || HttpProtocol.IsHttp09(_context.Request.Protocol);
        if (mustReset || End != SessionEnd.None || !await IsFlushedAsync().ConfigureAwait(false))
        {
            _context.Abort();
            return;
        }

        // A reset would overtake the status line and the rows that are still on their way to the client.
        if (HttpProtocol.IsHttp11(_context.Request.Protocol) && _context.Features.Get<IConnectionLifetimeFeature>() is { } connection)
        {
            // The server waits for a client to take what is left for as long as that lasts. A connection that has ended by then does not notice.
            var limit = new Deadline(Gateway.Wheel, static connection => ((IConnectionLifetimeFeature)connection!).Abort(), connection);
            limit.Schedule(MonotonicClock.After(Gateway.Wheel.Clock.Now, Gateway.Options.CloseTimeout));
        }

        _thrown = ExceptionDispatchInfo.Capture(failure);
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

    private StreamProblem ProblemOf(Exception failure, long rows)
    {
        switch (End)
        {
            case SessionEnd.Shutdown:
                return StreamProblem.Shutdown;
            case SessionEnd.Administrator:
                return StreamProblem.Closed;
            default:
                if (rows == 0)
                {
                    GatewayLog.OpenFailed(Gateway.Logger, Endpoint, failure);
                }
                else
                {
                    GatewayLog.StreamFailed(Gateway.Logger, Endpoint, rows, failure);
                }

                return StreamProblem.Of(failure);
        }
    }

    private void Stop()
    {
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException) when (State == ConnectionState.Closed)
        {
            // It has ended in the meantime.
        }
    }
}
