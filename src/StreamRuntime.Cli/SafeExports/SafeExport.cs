using StreamRuntime.Cli.Arguments;
using StreamRuntime.Cli.Terminals;
using StreamRuntime.Resuming;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.SafeExports;

/// <summary>
/// An export that may be killed at any instant and is continued by starting it again. The order at a checkpoint makes it so: first the rows are with the disk, then the
/// state that counts them replaces the one before. Whatever else is in the output was not counted, and is cut off by the next start.
/// </summary>
internal sealed class SafeExport : IDisposable
{
    private readonly SafeExportOptions _options;
    private readonly SafeExportFile _output;
    private readonly SafeExportStateFile _stateFile;
    private SafeExportState _state;
    private long _savedAt;

    private SafeExport(SafeExportOptions options, SafeExportFile output, SafeExportStateFile stateFile, SafeExportState state)
    {
        _options = options;
        _output = output;
        _stateFile = stateFile;
        _state = state;
    }

    /// <summary>True when there was nothing left to do.</summary>
    public bool IsComplete => _state.IsComplete;

    /// <summary>Where it stands, for people.</summary>
    public string Description => _state switch
    {
        { IsComplete: true } => $"'{_options.OutputPath}' is complete: {_state.Rows} rows, {_state.Length} bytes.",
        { Length: > 0 } => $"going on after {_state.Rows} rows, {_state.Length} bytes.",
        _ => "",
    };

    /// <summary>Takes up an export where it was left, or begins it.</summary>
    /// <exception cref="UsageException">The files are not of this export; the message says what to do.</exception>
    /// <exception cref="DestinationException">They can't be read or written.</exception>
    public static SafeExport Open(SafeExportOptions options)
    {
        var stateFile = new SafeExportStateFile(options.StatePath);
        SafeExportFile output = SafeExportFile.Open(options.OutputPath);
        try
        {
            if (stateFile.Load() is not { } state)
            {
                if (output.Length > 0)
                {
                    throw new UsageException(
                        $"'{options.OutputPath}' holds {output.Length} bytes, and there is no state file '{options.StatePath}' that would say how far they count. Remove the one, or name the right other.");
                }

                state = SafeExportState.Begin(options.Arguments);
                stateFile.Save(state);
            }

            Check(options, output, state);
            output.Truncate(state.Length);
            return new SafeExport(options, output, stateFile, state);
        }
        catch
        {
            output.Dispose();
            throw;
        }
    }

    /// <summary>The stream's options, with the place to go on from.</summary>
    public JsonRowStreamOptions Continue(JsonRowStreamOptions options) => options with
    {
        ResumeTokens = new ResumeTokenOptions { Protector = new AesGcmTokenProtector(_state.TokenKey), TokenLifetime = Timeout.InfiniteTimeSpan },
        ResumeFrom = _state.Token,
    };

    /// <summary>Writes all rows that are left.</summary>
    public async ValueTask WriteAsync(JsonRowStream rows)
    {
        _savedAt = TimeProvider.System.GetTimestamp();
        long before = _state.Rows;
        await using RowCopy copy = RowCopy.Create(rows, _output);
        try
        {
            while (await rows.ReadBatchAsync())
            {
                await copy.CopyCurrentBatchAsync();
                if (_output.Length - _state.Length >= _options.CheckpointBytes || TimeProvider.System.GetElapsedTime(_savedAt) >= _options.CheckpointTime)
                {
                    Save(rows, before + copy.Rows);
                }
            }
        }
        catch (Exception failure) when (failure is not DestinationException)
        {
            // The rows that were written are whole, so the next start need not ask for them again. Not so after a failed write.
            await rows.DisposeAsync();
            TrySave(rows, before + copy.Rows);
            throw;
        }

        Save(rows, before + copy.Rows);
    }

    public void Dispose() => _output.Dispose();

    private static void Check(SafeExportOptions options, SafeExportFile output, SafeExportState state)
    {
        if (state.FindOther(options.Arguments) is { } other)
        {
            throw new UsageException(
                $"'{options.StatePath}' is the state of another export: {other} was not the same. Say what was said then, or remove '{options.StatePath}' and '{options.OutputPath}' to begin anew.");
        }

        // The disk had all of it before the state was written, so somebody else has changed it since.
        if (output.Length < state.Length || (state.Length > 0 && output.HashTail(state.Length) != state.Tail))
        {
            throw new UsageException(
                $"'{options.OutputPath}' is not as the export left it: its first {state.Length} bytes are not those that '{options.StatePath}' counts. Bring it back, or remove both to begin anew.");
        }
    }

    private void Save(JsonRowStream rows, long count)
    {
        _output.FlushToDisk();
        SafeExportState state = _state with
        {
            Token = rows.GetResumeToken(),
            Length = _output.Length,
            Tail = _output.HashTail(_output.Length),
            Rows = count,
            IsComplete = rows.State == StreamState.Complete,
        };
        _stateFile.Save(state);
        _state = state;
        _savedAt = TimeProvider.System.GetTimestamp();
    }

    private void TrySave(JsonRowStream rows, long count)
    {
        try
        {
            Save(rows, count);
        }
        catch (DestinationException failure)
        {
            // Two things failed, and both are told; what was saved before still counts.
            StandardStreams.WriteErrorLine($"streamrt: {failure.Message}");
        }
    }
}
