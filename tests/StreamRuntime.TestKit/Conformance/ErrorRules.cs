using StreamRuntime.Streams;

namespace StreamRuntime.TestKit.Conformance;

/// <summary>What becomes of a far side's failure.</summary>
internal static class ErrorRules
{
    private const string Failure = "the conformance suite's far side has failed, as it was told to";

    public static readonly ConformanceRule[] All =
    [
        new("rows-before-an-error", SourceAbilities.Failures, "Every row before a failure is delivered, and then the error.", RowsBeforeAsync),
        new("error-is-not-swallowed", SourceAbilities.Failures, "A result that failed never looks complete, not even one without a row.", NotSwallowedAsync),
        new("error-is-the-sources-own", SourceAbilities.Failures, "The error is a StreamRuntimeException that carries what the far side said, and every further read throws the same one.", OwnAsync),
        new("error-lets-go", SourceAbilities.Failures, "After a failure the source is disposed once, without another.", LetGoAsync),
    ];

    private static async Task RowsBeforeAsync(ConformanceRun run)
    {
        foreach (int rows in (int[])[1, 7, ConformanceRun.ManyRows])
        {
            StreamUnderTest stream = await run.OpenAsync(run.Script(rows) with { Failure = Failure });
            await stream.FailureAsync();
            run.Check(stream.RowsRead == rows, $"{stream.RowsRead} rows were delivered before the error, {rows} were sent");
        }
    }

    private static async Task NotSwallowedAsync(ConformanceRun run)
    {
        foreach (int rows in (int[])[0, 3])
        {
            StreamUnderTest stream = await run.OpenAsync(run.Script(rows) with { Failure = Failure });
            await stream.FailureAsync();
        }
    }

    private static async Task OwnAsync(ConformanceRun run)
    {
        StreamUnderTest stream = await run.OpenAsync(run.Script(rows: 3) with { Failure = Failure });
        Exception error = await stream.FailureAsync();
        run.Check(error is StreamRuntimeException, $"the error is a {error.GetType().Name} and no StreamRuntimeException: {error.Message}");
        run.Check(
            error.Message.Contains(Failure, StringComparison.Ordinal),
            $"the error does not carry what the far side said (\"{Failure}\"): {error.Message}");
        Exception again = await stream.FailureAsync();
        run.Check(ReferenceEquals(error, again), $"the next read gave another error, {again.GetType().Name}: {again.Message}");
    }

    private static async Task LetGoAsync(ConformanceRun run)
    {
        StreamUnderTest stream = await run.OpenAsync(run.Script(rows: 3) with { Failure = Failure });
        await stream.FailureAsync();
        await stream.CheckLetGoAsync();
        int asked = stream.Probe.Receives;
        await stream.FailureAsync();
        run.Check(stream.Probe.Receives == asked, "a receive was asked for after a failure");
    }
}
