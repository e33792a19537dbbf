using StreamRuntime.Streams;

namespace StreamRuntime.TestKit.Conformance;

/// <summary>A stream over the source under test, read one batch at a time, every wait bounded.</summary>
internal sealed class StreamUnderTest
{
    private readonly ConformanceRun _run;
    private readonly OpenedSource _opened;
    private readonly string[] _expected;
    private Task<bool>? _read;
    private int _isClosed;

    public StreamUnderTest(ConformanceRun run, OpenedSource opened, SourceScript script)
    {
        _run = run;
        _opened = opened;
        _expected = [.. script.Rows.Select(row => row ?? "null")];
        Probe = new SourceProbe(opened.Source);
        Stream = JsonRowStream.Create(Probe, script.Options);
    }

    public JsonRowStream Stream { get; }

    public SourceProbe Probe { get; }

    /// <summary>Every receive from the far side; null where they are not seen.</summary>
    public ReceiveLog? Receives => _opened.Receives;

    /// <summary>How many rows were read so far.</summary>
    public int RowsRead { get; private set; }

    /// <summary>The source itself, past the probe.</summary>
    public IRowSource Source => _opened.Source;

    public void GoOn() => _opened.GoOn!();

    /// <summary>Starts a read on another thread; <see cref="FinishReadAsync"/> ends it.</summary>
    public Task<bool> StartRead(CancellationToken cancellationToken = default) => _read = Task.Run(() => Stream.ReadBatchAsync(cancellationToken).AsTask(), CancellationToken.None);

    /// <summary>Waits for the read that was started and takes its rows; false at the end of the result.</summary>
    public async Task<bool> FinishReadAsync()
    {
        bool more;
        try
        {
            more = await _run.WithinAsync(_read!, "a read");
        }
        finally
        {
            _read = null;
        }

        if (more)
        {
            CheckBatch(RowsRead);
            RowsRead += Stream.CurrentBatch.Count;
        }

        return more;
    }

    /// <summary>Takes the rows of a read that somebody else started.</summary>
    public Task<bool> AdoptReadAsync(Task<bool> read)
    {
        _read = read;
        return FinishReadAsync();
    }

    public Task<bool> ReadAsync(CancellationToken cancellationToken = default)
    {
        _ = StartRead(cancellationToken);
        return FinishReadAsync();
    }

    /// <summary>Reads until there are that many rows.</summary>
    public async Task ReadRowsAsync(int count)
    {
        while (RowsRead < count)
        {
            _run.Check(await ReadAsync(), $"the result ended after {RowsRead} rows, {_expected.Length} were sent");
        }
    }

    /// <summary>Reads to the end, which must be in order, after exactly the rows that were sent.</summary>
    public async Task ReadToTheEndAsync()
    {
        while (await ReadAsync())
        {
        }

        _run.Check(RowsRead == _expected.Length, $"{RowsRead} rows were delivered, {_expected.Length} were sent");
        _run.Check(Stream.State == StreamState.Complete, $"the stream has ended in {Stream.State}");
    }

    /// <summary>The exception the read under way, or the next one that does not bring rows, fails with.</summary>
    public async Task<Exception> FailureAsync()
    {
        _read ??= StartRead();
        try
        {
            while (await FinishReadAsync())
            {
                _ = StartRead();
            }
        }
        catch (Exception failure) when (failure is not ConformanceException)
        {
            _run.Check(Stream.State == StreamState.Error, $"a read failed, but the stream is {Stream.State}");
            return failure;
        }

        throw _run.Broken($"the result ended in order, as if it were complete, after {RowsRead} rows");
    }

    /// <summary>Checks that every row of the batch is the one that was sent, byte for byte.</summary>
    /// <param name="first">The number of the batch's first row.</param>
    public void CheckBatch(int first)
    {
        int at = first;
        foreach (JsonRow row in Stream.CurrentBatch)
        {
            string text = row.ToString();
            _run.Check(at < _expected.Length, $"row {at} was delivered, but only {_expected.Length} were sent: {Shown(text)}");
            _run.Check(text == _expected[at], $"row {at} is {Shown(text)} where {Shown(_expected[at])} was sent");
            at++;
        }
    }

    public Task PauseAsync() => _run.WithinAsync(Stream.PauseAsync("conformance"), "PauseAsync");

    /// <summary>Waits until the reader waits for the end of a pause.</summary>
    public async Task ParkedAsync() => _run.Check(await ParkedOrEndedAsync(), "a read of the paused stream has ended instead of waiting for the resume");

    /// <summary>The same; false when the read has ended instead, as one does that finds the end of the result received already.</summary>
    public async Task<bool> ParkedOrEndedAsync()
    {
        Task parked = Probe.ParkedAsync();
        await _run.WithinAsync(Task.WhenAny(parked, _read ?? Task.CompletedTask), "a read of a paused stream, which should give memory back and then wait for the resume,");
        return parked.IsCompleted;
    }

    /// <summary>What the source has done so far; from here on, nothing more should follow.</summary>
    public SourceAtRest LookAtRest() => new(Probe.Receives, Receives?.Started ?? 0);

    /// <summary>Checks that nothing was received since the pause.</summary>
    public async Task CheckAtRestAsync(SourceAtRest before)
    {
        await _run.SettleAsync();
        _run.Check(Stream.State == StreamState.Paused, $"the paused stream is {Stream.State}");
        _run.Check(Probe.Receives == before.Asked, "a receive was asked for during the pause");
        _run.Check(Receives is not { IsUnderWay: true }, "the source is receiving although nothing was asked of it");
        _run.Check((Receives?.Started ?? 0) == before.Started, $"the source has received {Receives?.Started - before.Started} times by itself during the pause");
    }

    public Task ResumeAsync() => _run.WithinAsync(Stream.ResumeAsync(), "ResumeAsync");

    /// <summary>Waits until the source is in a receive that brings nothing, as its far side is silent.</summary>
    public async Task WaitingAsync()
    {
        if (Receives is { } receives)
        {
            await _run.UntilAsync(() => receives.IsUnderWay, "the source waits for its far side");
        }
        else
        {
            await _run.UntilAsync(() => Probe.IsReceiving, "the source is asked for a receive");
            await _run.SettleAsync();
        }
    }

    /// <summary>Ends the stream, and checks how the source was let go.</summary>
    public Task DisposeStreamAsync() => _run.WithinAsync(Stream.DisposeAsync().AsTask(), "disposing the stream");

    /// <summary>Checks that the source was disposed once, without a failure, and that its far side knows.</summary>
    public async Task CheckLetGoAsync()
    {
        _run.Check(Probe.Disposals == 1, $"the source was disposed {Probe.Disposals} times");
        _run.Check(Probe.DisposalFailure is null, $"disposing the source failed: {Probe.DisposalFailure?.Message}");
        _run.Check(Probe.Broken is null, Probe.Broken ?? "");
        if (_opened.IsLetGo is { } isLetGo)
        {
            await _run.UntilAsync(isLetGo, "the far side is let go, by word or by closing its connection");
        }
    }

    public async Task CloseAsync()
    {
        await DisposeStreamAsync();
        await CheckLetGoAsync();
        await _run.WithinAsync(CloseFarSideAsync(), "taking the far side down");
        _run.Check(Receives?.Broken is null, Receives?.Broken ?? "");
    }

    public async Task AbandonAsync(TimeSpan patience)
    {
        // First the far side: a source that waits for it, in whatever wrong place, gets away.
        Task closed = Task.Run(CloseFarSideAsync);
        Task disposed = Task.Run(() => Stream.DisposeAsync().AsTask());
        await Task.WhenAll(closed, disposed).WaitAsync(patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private Task CloseFarSideAsync() => Interlocked.Exchange(ref _isClosed, 1) == 0 ? _opened.CloseAsync().AsTask() : Task.CompletedTask;

    private static string Shown(string row) => row.Length <= 100 ? $"'{row}'" : $"'{row[..60]}…' ({row.Length} characters)";
}

/// <summary>What was asked of a source, and what it has asked of its far side, at one moment.</summary>
internal readonly record struct SourceAtRest(int Asked, int Started);
