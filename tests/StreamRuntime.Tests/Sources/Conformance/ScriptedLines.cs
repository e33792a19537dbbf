using System.IO.Pipelines;
using System.Text;
using StreamRuntime.TestKit.Conformance;

namespace StreamRuntime.Tests.Sources.Conformance;

/// <summary>A pipe whose writer writes lines as a script says, and is held back by its reader.</summary>
internal sealed class ScriptedLines : IAsyncDisposable
{
    // Written and read before more is written, so that a failure, which a pipe hands out ahead of what is still unread, comes after all of it.
    private const int WriteBytes = 4 * 1024;
    private static readonly PipeOptions Held = new(pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false);

    private readonly Pipe _pipe = new(Held);
    private readonly SemaphoreSlim _goOn = new(0);
    private readonly CancellationTokenSource _stop = new();
    private readonly SourceScript _script;
    private readonly Task _writing;

    public ScriptedLines(SourceScript script)
    {
        _script = script;
        Reader = new ObservedPipeReader(_pipe.Reader, Receives);
        _writing = Task.Run(WriteAsync);
    }

    public ReceiveLog Receives { get; } = new();

    public ObservedPipeReader Reader { get; }

    public void GoOn() => _goOn.Release();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _writing;
        _stop.Dispose();
        _goOn.Dispose();
    }

    private async Task WriteAsync()
    {
        Exception? failure = null;
        try
        {
            for (int row = 0; row < _script.Rows.Count; row++)
            {
                if (_script.SilentAfter.Contains(row))
                {
                    await FlushAsync();
                    await _goOn.WaitAsync(_stop.Token);
                }
                else if (_pipe.Writer.UnflushedBytes >= WriteBytes)
                {
                    await FlushAsync();
                }

                Encoding.UTF8.GetBytes(_script.Rows[row] + "\n", _pipe.Writer);
            }

            await FlushAsync();
            failure = _script.Failure is { } message ? new IOException(message) : null;
        }
        catch (OperationCanceledException)
        {
            // Nobody wants the rest.
            failure = null;
        }

        await _pipe.Writer.CompleteAsync(failure);
    }

    private async Task FlushAsync()
    {
        if ((await _pipe.Writer.FlushAsync(_stop.Token)).IsCompleted)
        {
            throw new OperationCanceledException("The reader has gone.");
        }
    }
}
