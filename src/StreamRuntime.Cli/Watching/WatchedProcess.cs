using System.Diagnostics.Tracing;
using System.Globalization;
using System.Threading.Channels;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;
using StreamRuntime.Diagnostics;

namespace StreamRuntime.Cli.Watching;

/// <summary>The snapshots of a process that is watched from outside, over its diagnostics port.</summary>
/// <remarks>One thread reads them; a snapshot that nobody takes in time gives way to the next.</remarks>
internal sealed class WatchedProcess : IAsyncDisposable
{
    // Enough for a snapshot of 100 000 streams; the process makes it as it is needed.
    private const int BufferMb = 64;

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    private readonly EventPipeSession _session;
    private readonly Channel<Snapshot> _snapshots = Channel.CreateBounded<Snapshot>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    private WatchedProcess(int id, EventPipeSession session)
    {
        Id = id;
        _session = session;
        new Thread(Read) { IsBackground = true, Name = "snapshots" }.Start();
    }

    public int Id { get; }

    /// <summary>The snapshots, up to the end of the process or of the watching.</summary>
    public ChannelReader<Snapshot> Snapshots => _snapshots.Reader;

    /// <exception cref="WatchException">The process can't be watched; the message says what may be done.</exception>
    public static async Task<WatchedProcess> AttachAsync(int id, TopOptions options, CancellationToken cancellationToken)
    {
        if (!RuntimeProcesses.Exists(id))
        {
            throw new WatchException($"There is no process {id}. 'streamrt top' without a number finds those that can be watched.");
        }

        using var timeout = new CancellationTokenSource(AnswerTimeout, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            // Without the rundown at the end, which would have the process describe every method it has compiled.
            return new WatchedProcess(id, await new DiagnosticsClient(id).StartEventPipeSessionAsync([Provider(options)], requestRundown: false, BufferMb, either.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new WatchException($"Process {id} does not answer on its diagnostics port within {AnswerTimeout.TotalSeconds:0} s. Is it stopped?");
        }
        catch (Exception failure) when (failure is DiagnosticsClientException or IOException or UnauthorizedAccessException or TimeoutException)
        {
            throw new WatchException(
                $"Process {id} can't be watched: {failure.Message.TrimEnd('.')}. It may be another user's (run this as that user, or as root), have another TMPDIR, "
                + "have been started with DOTNET_EnableDiagnostics=0, or be no .NET process.",
                failure);
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var timeout = new CancellationTokenSource(AnswerTimeout, TimeProvider.System);
        try
        {
            await _session.StopAsync(timeout.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is DiagnosticsClientException or IOException or OperationCanceledException or EndOfStreamException)
        {
            // The process has ended, or answers no more; either way there is nothing left to stop.
            _snapshots.Writer.TryComplete();
        }

        _session.Dispose();
    }

    private static EventPipeProvider Provider(TopOptions options) => new(
        RuntimeEvents.Name,
        EventLevel.Informational,
        RuntimeEvents.SnapshotKeyword,
        new Dictionary<string, string>
        {
            [RuntimeEvents.IntervalArgument] = options.Interval.TotalSeconds.ToString(CultureInfo.InvariantCulture),
            [RuntimeEvents.MaxStreamsArgument] = options.MaxStreams.ToString(CultureInfo.InvariantCulture),
        });

    private void Read()
    {
        Exception? broken = null;
        try
        {
            using var source = new EventPipeEventSource(_session.EventStream);
            var reader = new SnapshotReader(snapshot => _snapshots.Writer.TryWrite(snapshot));
            source.Dynamic.All += e =>
            {
                if (e.ProviderName == RuntimeEvents.Name)
                {
                    reader.Take(e);
                }
            };
            source.Process();
        }
#pragma warning disable CA1031 // A process that ends in the middle of an event leaves the library with half of one, which it says in many ways.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            broken = RuntimeProcesses.Exists(Id) ? new WatchException($"What process {Id} sends can't be read: {failure.Message}", failure) : null;
        }

        _snapshots.Writer.TryComplete(broken);
    }
}
