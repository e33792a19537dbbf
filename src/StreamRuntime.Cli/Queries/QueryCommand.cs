using StreamRuntime.Cli.Progress;
using StreamRuntime.Cli.SafeExports;
using StreamRuntime.Cli.Sources;
using StreamRuntime.Cli.Terminals;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Queries;

/// <summary><c>streamrt query</c>: one stream of rows to one destination.</summary>
internal static class QueryCommand
{
    public static Task<int> RunAsync(QueryOptions options) => options.Export is { } export ? ExportAsync(options, export) : WriteAsync(options);

    private static async Task<int> ExportAsync(QueryOptions options, SafeExportOptions exportOptions)
    {
        using var export = SafeExport.Open(exportOptions);
        if (export.Description is { Length: > 0 } description)
        {
            StandardStreams.WriteErrorLine($"streamrt: {description}");
        }

        return export.IsComplete ? ExitCode.Done : await RunAsync(options with { Stream = export.Continue(options.Stream) }, mayBlock: false, async (rows, _) =>
        {
            await export.WriteAsync(rows);
            return false;
        });
    }

    private static async Task<int> WriteAsync(QueryOptions options)
    {
        await using Destination output = options.OutputPath is { } path ? Destination.ToFile(path) : Destination.StandardOutput();
        return await RunAsync(options, output.MayBlock, (rows, controls) => CopyAsync(options, rows, controls, output));
    }

    private static async Task<int> RunAsync(QueryOptions options, bool mayBlock, Func<JsonRowStream, PauseControls, ValueTask<bool>> copy)
    {
        if (!mayBlock)
        {
            // Read by .NET before its first socket. Receives then complete on the thread that waits for all sockets instead of waking one of the pool,
            // which is most of the cost of a fast stream. Blocking that thread would stop every socket, the one that carries a cancel request
            // included, so only where writing waits for nobody.
            Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
        }

        using var interruption = new Interruption();
        try
        {
            return await StreamAsync(options, copy, interruption);
        }
        catch (Exception) when (interruption.IsRequested)
        {
            // Whatever it was, it came from being told to stop.
            return ExitCode.Interrupted;
        }
        catch (DestinationException failure) when (failure.IsClosed)
        {
            // Whoever reads us has what they wanted. The query was ended on the server, and that is a success, as it is for psql | head.
            return ExitCode.Done;
        }
    }

    /// <summary>Whether progress is shown.</summary>
    /// <param name="mode">What was asked for.</param>
    /// <param name="hasFile">Whether the rows go to files.</param>
    public static bool ShowsProgress(ProgressMode mode, bool hasFile) => mode switch
    {
        ProgressMode.Always => true,
        ProgressMode.Never => false,
        _ => StandardStreams.ErrorIsTerminal && (hasFile || !StandardStreams.OutputIsTerminal),
    };

    private static async Task<int> StreamAsync(QueryOptions options, Func<JsonRowStream, PauseControls, ValueTask<bool>> copy, Interruption interruption)
    {
        ProgressDisplay? progress = null;
        var request = new SourceRequest(options.Source, options.Sql, options.Parameters, options.Stream, Note, options.Parallel, options.Key);
        await using OpenedSource source = await OpenedSource.OpenAsync(request, interruption.Token);
        JsonRowStream rows = source.Rows;
        bool limited = false;
        bool isLost = false;
        try
        {
            // Disposing ends the query on the server even while the writer is blocked; a read under way throws, and the wait for it is ours, below.
            using CancellationTokenRegistration stop = interruption.Token.UnsafeRegister(static r => _ = ((JsonRowStream)r!).DisposeAsync().AsTask(), rows);
            using var controls = new PauseControls([rows], interruption);
            if (StandardStreams.InputIsTerminal && options.Source.Kind != SourceKind.StandardInput && Keyboard.IsOurs)
            {
                controls.ListenToKeys();
            }

            progress = ShowsProgress(options.Progress, options.OutputPath is not null) ? ProgressDisplay.Start(rows.GetStatistics, s => Share(options, source, s), source.GetPartitions) : null;
            limited = await copy(rows, controls);
            return interruption.IsRequested ? ExitCode.Interrupted : ExitCode.Done;
        }
        catch (DestinationException)
        {
            // Rows of the failed write count as delivered, and a token behind them would leave them out.
            isLost = true;
            throw;
        }
        finally
        {
            StreamState state = limited ? StreamState.Complete : rows.State;
            await rows.DisposeAsync();
            progress?.Dispose();
            if (options.PrintsToken && !isLost)
            {
                PrintToken(rows);
            }

            if (options.Statistics)
            {
                StandardStreams.WriteErrorLine(StatisticsLine.Format(
                    rows.GetStatistics(), state is StreamState.Complete ? state : rows.State, options.PoolStatistics ? source.GetPoolStatistics() : null));
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

    private static void PrintToken(JsonRowStream rows)
    {
        try
        {
            StandardStreams.WriteErrorLine($"token: {rows.GetResumeToken()}");
        }
        catch (InvalidOperationException noPlace)
        {
            // It failed in a way that left no place; why it failed is told apart from this.
            StandardStreams.WriteErrorLine($"streamrt: there is no token: {noPlace.Message}");
        }
    }

    /// <summary>Writes the document. True when it ended at the limit, with the source perhaps not at its end.</summary>
    private static async ValueTask<bool> CopyAsync(QueryOptions options, JsonRowStream rows, PauseControls controls, Destination output)
    {
        await using RowCopy copy = RowCopy.Create(rows, output, options.Format);
        long limit = options.Limit ?? long.MaxValue;
        if (options.PauseAfter is { } pauseAfter && pauseAfter < limit)
        {
            if (await copy.CopyAsync(pauseAfter) == pauseAfter)
            {
                await controls.PauseAsync("--pause-after", options.PauseFor);
            }
        }

        if (rows.State != StreamState.Complete)
        {
            await copy.CopyAsync(limit - copy.Rows);
        }

        await copy.EndAsync();
        return copy.Rows == limit;
    }

    private static double? Share(QueryOptions options, OpenedSource source, StreamStatistics statistics)
    {
        double? share = source.GetShare(statistics);
        return options.Limit is > 0 and { } limit ? Math.Max(share ?? 0, Math.Min(1, (double)statistics.RowsDelivered / limit)) : share;
    }
}
