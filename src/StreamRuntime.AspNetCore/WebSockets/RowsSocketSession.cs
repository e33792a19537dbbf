using System.Net;
using Microsoft.AspNetCore.Http;
using StreamRuntime.AspNetCore.Diagnostics;
using StreamRuntime.AspNetCore.Queries;
using StreamRuntime.AspNetCore.Resuming;
using StreamRuntime.AspNetCore.Responses;
using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.Streams;
using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>One result over the sub-protocol <c>streamruntime.v1</c>.</summary>
/// <remarks>
/// <para>
/// Rows are sent as binary messages of newline-delimited JSON, a batch each. Control messages are text, JSON objects with a <c>type</c>.
/// From the client: <c>pause</c> (with an optional <c>reason</c>), <c>resume</c>, <c>cancel</c>, <c>stats</c>, and <c>authenticate</c> (with a <c>token</c>) as
/// its first message where a token is needed and the request had none. To the client: <c>started</c>, <c>paused</c>, <c>resumed</c>, <c>complete</c> (with the
/// number of <c>rows</c>), <c>error</c>, <c>stats</c>, and <c>checkpoint</c> (with a <c>token</c> of the place after the rows before it) where the query can be continued.
/// </para>
/// <para>
/// <c>paused</c> says that nothing more is received from the source; rows that had been received before may still follow it. An <c>error</c> with
/// <c>rows</c> ends the result; one without answers a control message that could not be followed. A result ends by <c>complete</c> and 1000, or by
/// <c>error</c> and 1011 (1000 where the client cancelled it).
/// </para>
/// </remarks>
internal sealed class RowsSocketSession : WebSocketSession
{
    public const string SubProtocol = "streamruntime.v1";

    // Often enough for a thread of the pool to be free within milliseconds, and too rarely to cost anything.
    private const int BatchesPerTurn = 16;

    private static readonly StreamProblem CancelledByClient = new(0, "Cancelled", "The result was cancelled by the client.");

    private readonly RowsEndpoint _rows;

    // Not kept once the stream is open, which may be long.
    private RowsRequest? _request;
    private Checkpoints? _checkpoints;
    private TaskCompletionSource? _toldWhere;
    private bool _isCancelled;
    private int _invalidMessages;

    /// <param name="gateway">Whose session it is.</param>
    /// <param name="endpoint">The query.</param>
    /// <param name="request">What is asked of it.</param>
    /// <param name="client">Who asks.</param>
    /// <param name="context">The request.</param>
    /// <param name="needsToken">True when the client's first message has to be its token.</param>
    public RowsSocketSession(Gateway gateway, RowsEndpoint endpoint, RowsRequest request, IPAddress client, HttpContext context, bool needsToken)
        : base(gateway, endpoint.Name, client, context, needsToken, gateway.Options, maxBinaryBytes: gateway.Options.MaxControlMessageBytes, isStream: true)
    {
        _rows = endpoint;
        _request = request;
    }

    /// <summary>On shutdown a client that can come back is told where it is first, by whoever sends its rows.</summary>
    public override void BeginClose(SessionEnd end)
    {
        if (end != SessionEnd.Shutdown || Volatile.Read(ref _checkpoints) is null || State != ConnectionState.Open)
        {
            base.BeginClose(end);
            return;
        }

        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _toldWhere, told);
        Stop();
        _ = CloseWhenToldAsync(told.Task, end);
    }

    public override async Task<PauseAnswer> ResumeAsync()
    {
        // Within the turn, so that the word comes before the rows that follow it.
        if (!await TryEnterTurnAsync().ConfigureAwait(false))
        {
            return PauseAnswer.Ended;
        }

        PauseAnswer answer;
        try
        {
            answer = TryResume();
            if (answer == PauseAnswer.Done)
            {
                FrameWriter.Write(Output, Opcode.Text, ControlMessage.Resumed(RowsDelivered).Span);
                await Output.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
        finally
        {
            LeaveTurn();
        }

        return answer;
    }

    protected override async Task OnPausedAsync(string? reason) =>
        await SendTextAsync(ControlMessage.Paused(RowsDelivered, reason)).ConfigureAwait(false);

    // One method with all of it: what each further one would keep for as long as the source is silent counts by the thousand.
    protected override async Task ServeAsync()
    {
        try
        {
            try
            {
                long askedAt = Gateway.Wheel.Clock.Now;
                BeginSpan();
                SetStream(await _rows.OpenAsync(_request!, Stopping).ConfigureAwait(false));
                Volatile.Write(ref _checkpoints, Checkpoints.For(_request, Stream!, Gateway));
                _request = null;
                await SendTextAsync(ControlMessage.Started(Id, Endpoint)).ConfigureAwait(false);
                RowCopy? copy = null;
                int batches = 0;
                while (await Stream!.ReadBatchAsync(Stopping).ConfigureAwait(false))
                {
                    if (copy is null)
                    {
                        copy = RowCopy.Create(Stream, Output);
                        Gateway.Metrics.FirstRow(Endpoint, MonotonicClock.Between(askedAt, Gateway.Wheel.Clock.Now));
                    }

                    if (NoticeResumed())
                    {
                        await SendTextAsync(ControlMessage.Resumed(copy.Rows)).ConfigureAwait(false);
                    }

                    if (!await SendBatchAsync(copy, Stream.CurrentBatch.Count, Stream.CurrentBatch.Bytes).ConfigureAwait(false))
                    {
                        return;
                    }

                    if (_checkpoints is not null && _checkpoints.Sent(Stream.CurrentBatch.Count))
                    {
                        await SendCheckpointAsync().ConfigureAwait(false);
                    }

                    if (++batches % BatchesPerTurn == 0)
                    {
                        // What is written to a connection that is gone is dropped without a wait or an error. Where the source never waits either, a few such
                        // clients would keep every thread of the pool, and the news of their end would wait for one.
                        await Task.Yield();
                    }
                }

                await SendCheckpointAsync().ConfigureAwait(false);
                await SendTextAsync(ControlMessage.Complete(copy?.Rows ?? 0)).ConfigureAwait(false);
                await CloseAsync(CloseCode.Normal, "complete", SessionEnd.Completed).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // What the caller's delegate or the source fails with is the client's answer, whatever it is.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                await FailAsync(failure).ConfigureAwait(false);
            }
            finally
            {
                Volatile.Read(ref _toldWhere)?.TrySetResult();
                if (Stream is not null)
                {
                    await Stream.DisposeAsync().ConfigureAwait(false);
                }
            }
        }
#pragma warning disable CA1031 // Whatever else it is, the peer is told at once and the session is cleaned up.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            await BreakAsync(failure).ConfigureAwait(false);
        }
    }

    protected override async ValueTask OnTextAsync(ReadOnlyMemory<byte> message)
    {
        ControlRequest request = ControlRequest.Parse(message.Span);
        switch (request.Kind)
        {
            case ControlKind.Pause:
                await AnswerAsync(await PauseAsync(request.Text).ConfigureAwait(false), "paused").ConfigureAwait(false);
                break;
            case ControlKind.Resume:
                await AnswerAsync(await ResumeAsync().ConfigureAwait(false), "resumed").ConfigureAwait(false);
                break;
            case ControlKind.Cancel:
                Volatile.Write(ref _isCancelled, true);
                Stop();
                break;
            case ControlKind.Stats when Stream is { } stream:
                await SendTextAsync(ControlMessage.Stats(stream.GetStatistics())).ConfigureAwait(false);
                break;
            case ControlKind.Stats:
                await SendTextAsync(ControlMessage.Refused("NotStreaming", "The stream is not open yet.")).ConfigureAwait(false);
                break;
            default:
                await RefuseAsync(request.Kind).ConfigureAwait(false);
                break;
        }
    }

    protected override ValueTask OnBinaryAsync(ReadOnlyMemory<byte> part, bool isEnd) =>
        new(CloseAsync(CloseCode.UnsupportedData, "Control messages are text.", SessionEnd.ProtocolError));

    private long RowsDelivered => Stream?.GetStatistics().RowsDelivered ?? 0;

    private async ValueTask SendCheckpointAsync()
    {
        if (_checkpoints?.Take() is { } token)
        {
            await SendTextAsync(ControlMessage.Checkpoint(token, _checkpoints.Rows)).ConfigureAwait(false);
        }
    }

    private async Task CloseWhenToldAsync(Task told, SessionEnd end)
    {
        try
        {
            // A client that takes nothing is not waited for: it has the checkpoint before.
            await told.WaitAsync(Gateway.Options.CloseTimeout, Gateway.Options.TimeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            GatewayLog.WebSocketClosing(Gateway.Logger, Id, (int)CloseCode.GoingAway, "It takes nothing, not even where it is.");
        }

        base.BeginClose(end);
    }

    /// <summary>Sends a batch as one message; false when nothing more can be sent.</summary>
    private async ValueTask<bool> SendBatchAsync(RowCopy copy, int rows, long bytes)
    {
        if (!await TryEnterTurnAsync().ConfigureAwait(false))
        {
            return false;
        }

        try
        {
            // A line feed after each row; a row's own line breaks become spaces, one for one. Never cancelled: half a frame could be followed by nothing.
            FrameWriter.WriteHeader(Output, Opcode.Binary, bytes + rows);
            ValueTask<int> write = copy.CopyCurrentBatchAsync(CancellationToken.None);
            bool hadToWait = !write.IsCompleted;
            int written = await write.ConfigureAwait(false);
            if (hadToWait)
            {
                PeerTook();
            }

            Gateway.Metrics.Rows(Endpoint, written, bytes);
            return written == rows;
        }
        finally
        {
            LeaveTurn();
        }
    }

    private async Task FailAsync(Exception failure)
    {
        if (State == ConnectionState.Open && !Context.RequestAborted.IsCancellationRequested)
        {
            await SendCheckpointAsync().ConfigureAwait(false);
        }

        if (Volatile.Read(ref _isCancelled) && State == ConnectionState.Open)
        {
            await SendTextAsync(ControlMessage.Error(CancelledByClient, RowsDelivered)).ConfigureAwait(false);
            await CloseAsync(CloseCode.Normal, "cancelled", SessionEnd.Cancelled).ConfigureAwait(false);
            return;
        }

        if (State != ConnectionState.Open || Stopping.IsCancellationRequested)
        {
            // The connection is closing or gone; its close frame says why.
            return;
        }

        if (failure is IOException && Context.RequestAborted.IsCancellationRequested)
        {
            // The peer has gone in the middle of a message, which the reading loop notices as well.
            return;
        }

        GatewayLog.StreamFailed(Gateway.Logger, Endpoint, RowsDelivered, failure);
        StreamProblem problem = StreamProblem.Of(failure);
        await SendTextAsync(ControlMessage.Error(problem, RowsDelivered)).ConfigureAwait(false);
        await CloseAsync(problem.IsRefusedToken ? CloseCode.PolicyViolation : CloseCode.InternalError, problem.Detail, SessionEnd.Failed).ConfigureAwait(false);
    }

    private async ValueTask AnswerAsync(PauseAnswer answer, string word)
    {
        switch (answer)
        {
            case PauseAnswer.AsItWas:
                await SendTextAsync(word == "paused" ? ControlMessage.Paused(RowsDelivered, null) : ControlMessage.Resumed(RowsDelivered)).ConfigureAwait(false);
                break;
            case PauseAnswer.Ended:
                await SendTextAsync(ControlMessage.Refused("NotStreaming", $"The stream can't be {word}: it has ended, or not begun.")).ConfigureAwait(false);
                break;
            case PauseAnswer.NoPlace:
                await SendTextAsync(ControlMessage.Refused("TooManyStreams", $"The stream can't be {word}: there are as many such streams as there may be.")).ConfigureAwait(false);
                break;
        }
    }

    private async ValueTask RefuseAsync(ControlKind kind)
    {
        if (++_invalidMessages > Gateway.Options.MaxInvalidMessages)
        {
            await CloseAsync(CloseCode.PolicyViolation, "Too many messages that make no sense.", SessionEnd.Abuse).ConfigureAwait(false);
            return;
        }

        await SendTextAsync(kind == ControlKind.Malformed
            ? ControlMessage.Refused("Malformed", "A control message is a JSON object with a type.")
            : ControlMessage.Refused("Unknown", "There is no such control message here.")).ConfigureAwait(false);
    }
}
