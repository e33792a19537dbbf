using System.Runtime.ExceptionServices;
using StreamRuntime.Cli.Progress;
using StreamRuntime.Cli.Queries;
using StreamRuntime.Cli.Sources;
using StreamRuntime.Cli.Terminals;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.ParallelReads;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Exports;

/// <summary><c>streamrt export</c>: a table to one destination, or to a file for each backend.</summary>
internal static class ExportCommand
{
    public static Task<int> RunAsync(ExportOptions options) => options.IsToFolder
        ? RunToFolderAsync(options)
        : QueryCommand.RunAsync(new QueryOptions
        {
            Source = options.Source,
            Sql = options.Sql,
            Parallel = options.Parallel,
            Format = options.Format,
            OutputPath = options.OutputPath,
            Progress = options.Progress,
            Statistics = options.Statistics,
            Stream = options.Stream,
        });

    private static async Task<int> RunToFolderAsync(ExportOptions options)
    {
        var folder = ExportFolder.Open(options.OutputPath!, options.Table, options.Format);
        using var interruption = new Interruption();
        try
        {
            await WriteAsync(options, folder, interruption);
            return interruption.IsRequested ? ExitCode.Interrupted : ExitCode.Done;
        }
        catch (Exception) when (interruption.IsRequested)
        {
            // Whatever it was, it came from being told to stop.
            return ExitCode.Interrupted;
        }
    }

    private static async Task WriteAsync(ExportOptions options, ExportFolder folder, Interruption interruption)
    {
        ProgressDisplay? progress = null;
        var request = new SourceRequest(options.Source, options.Sql, [], options.Stream, Note, options.Parallel);
        (ParallelRows rows, PostgresDataSource owner) = await PostgresRows.OpenAsync(request, interruption.Token);
        await using PostgresDataSource source = owner;
        try
        {
            using CancellationTokenRegistration stop = interruption.Token.UnsafeRegister(static r => _ = ((ParallelRows)r!).DisposeAsync().AsTask(), rows);
            using var controls = new PauseControls(rows.Streams, interruption);
            if (StandardStreams.InputIsTerminal && Keyboard.IsOurs)
            {
                controls.ListenToKeys();
            }

            progress = QueryCommand.ShowsProgress(options.Progress, hasFile: true)
                ? ProgressDisplay.Start(rows.GetStatistics, _ => rows.GetProgress().Share, rows.GetProgress)
                : null;

            // Each on a thread of its own: writing a file blocks.
            await AllAsync([.. rows.Streams.Select((stream, i) => Task.Run(() => CopyAsync(stream, folder.PathOf(i + 1), options.Format)))]);
        }
        finally
        {
            StreamState state = rows.GetStatistics().State;
            await rows.DisposeAsync();
            progress?.Dispose();
            if (options.Statistics)
            {
                StandardStreams.WriteErrorLine(StatisticsLine.Format(rows.GetStatistics(), state is StreamState.Complete ? state : StreamState.Error));
            }
        }

        void Note(string line)
        {
            if (progress is null)
            {
                StandardStreams.WriteErrorLine($"streamrt: {line}");
            }
            else
            {
                progress.Note($"streamrt: {line}");
            }
        }
    }

    // The others only say that one of them has failed; that one says why.
    private static async Task AllAsync(Task[] copies)
    {
        try
        {
            await Task.WhenAll(copies);
        }
        catch (StreamRuntimeException failure) when (failure.Kind == ErrorKind.StreamEnded)
        {
            Exception[] failures = [.. copies.Where(c => c.IsFaulted).Select(c => c.Exception!.InnerException!)];
            ExceptionDispatchInfo.Throw(Array.Find(failures, f => f is not StreamRuntimeException { Kind: ErrorKind.StreamEnded }) ?? failure);
        }
    }

    // One that can't be written ends the stream, and with it all others.
    private static async Task CopyAsync(JsonRowStream stream, string path, RowFormat format)
    {
        await using (stream)
        {
            await using Destination output = Destination.ToFile(path);
            await using RowCopy copy = RowCopy.Create(stream, output, format);
            await copy.CopyAsync();
            await copy.EndAsync();
        }
    }
}
