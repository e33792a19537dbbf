using StreamRuntime.Streams;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.TestKit.Conformance;

/// <summary>One check of one rule: opens what it needs, bounds every wait, and takes everything down.</summary>
internal sealed class ConformanceRun(string rule, SourceUnderTest subject)
{
    /// <summary>Room for several batches of <see cref="RowBytes"/>, and no more than the smallest receive of most buffers.</summary>
    public const int BufferBytes = 16 * 1024;

    /// <summary>The size of a row where it does not matter.</summary>
    public const int RowBytes = 200;

    /// <summary>Rows for many receives.</summary>
    public const int ManyRows = 2000;

    private readonly List<StreamUnderTest> _streams = [];

    /// <summary>Stands still unless the rule moves it.</summary>
    public ManualTimeProvider Time { get; } = new();

    /// <summary>What every rule runs with that has no reason for others.</summary>
    public JsonRowStreamOptions Options => new() { MaxBufferedBytes = BufferBytes, TimeProvider = Time };

    public IReadOnlyList<string> MakeRows(int count, int bytes = RowBytes) => subject.MakeRows(count, bytes);

    /// <summary>A script of that many rows, in order to the end.</summary>
    public SourceScript Script(int rows = ManyRows, int rowBytes = RowBytes) => new() { Rows = MakeRows(rows, rowBytes), Options = Options };

    public async Task<StreamUnderTest> OpenAsync(SourceScript script)
    {
        OpenedSource opened = await WithinAsync(subject.OpenAsync(script).AsTask(), "opening the source");
        RequireAbility(SourceAbilities.Silence, opened.GoOn, nameof(opened.GoOn));
        RequireAbility(SourceAbilities.SeesReceives, opened.Receives, nameof(opened.Receives));
        RequireAbility(SourceAbilities.SeesLettingGo, opened.IsLetGo, nameof(opened.IsLetGo));
        var stream = new StreamUnderTest(this, opened, script);
        _streams.Add(stream);
        return stream;
    }

    /// <summary>Waits for what should happen.</summary>
    /// <exception cref="ConformanceException">It did not happen in time.</exception>
    public async Task WithinAsync(Task task, string what)
    {
        try
        {
            await task.WaitAsync(subject.Patience);
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            throw Broken($"{what} has not ended within {subject.Patience}");
        }
    }

    /// <inheritdoc cref="WithinAsync(Task, string)"/>
    public async Task<T> WithinAsync<T>(Task<T> task, string what)
    {
        await WithinAsync((Task)task, what);
        return await task;
    }

    /// <summary>Waits for what can only be looked at.</summary>
    /// <exception cref="ConformanceException">It did not hold in time.</exception>
    public async Task UntilAsync(Func<bool> condition, string what)
    {
        try
        {
            await Wait.UntilAsync(condition, subject.Patience, what);
        }
        catch (TimeoutException)
        {
            throw Broken($"it never came to this: {what}");
        }
    }

    /// <summary>Gives what should not happen the time to happen.</summary>
    public Task SettleAsync() => Task.Delay(subject.Settling);

    public void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw Broken(otherwise);
        }
    }

    public ConformanceException Broken(string message) => new(rule, message);

    /// <summary>After a check that held: everything must end in order.</summary>
    public async Task CloseAsync()
    {
        foreach (StreamUnderTest stream in _streams)
        {
            await stream.CloseAsync();
        }
    }

    /// <summary>After a check that failed: lets go of what there is, whatever state it is in, and reports nothing more.</summary>
    public async Task AbandonAsync()
    {
        foreach (StreamUnderTest stream in _streams)
        {
            await stream.AbandonAsync(subject.Patience);
        }
    }

    private void RequireAbility(SourceAbilities ability, object? given, string member) => Check(
        given is not null || !subject.Abilities.HasFlag(ability),
        $"the source under test says {ability}, so what it opens must have {nameof(OpenedSource)}.{member}");
}
