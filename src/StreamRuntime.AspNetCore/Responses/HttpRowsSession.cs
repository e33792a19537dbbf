using System.Net;
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
internal sealed partial class HttpRowsSession : GatewaySession
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
            Gateway.Unread.RequestCame(_context);
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

        await EndAsync().ConfigureAwait(false);
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
            // Nobody else may write while rows are still being flushed.
            if (await _copy!.EndFlushAsync().ConfigureAwait(false))
            {
                WriteCheckpoint();
                await _context.Response.BodyWriter.FlushAsync(_stop.Token).ConfigureAwait(false);
            }
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

    /// <summary>The number of rows sent; fewer than there are where the client has gone. The next batch is received while the last bytes of this one still wait for the client.</summary>
    private ValueTask<int> SendBatchAsync() => _heartbeat is null ? _copy!.WriteCurrentBatchAsync(_stop.Token) : SendBatchBetweenHeartbeatsAsync(_heartbeat);

    private async ValueTask<int> SendBatchBetweenHeartbeatsAsync(EventHeartbeat heartbeat)
    {
        await heartbeat.EnterAsync(_stop.Token).ConfigureAwait(false);
        try
        {
            return await _copy!.CopyCurrentBatchAsync(_stop.Token).ConfigureAwait(false);
        }
        finally
        {
            heartbeat.Leave();
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
