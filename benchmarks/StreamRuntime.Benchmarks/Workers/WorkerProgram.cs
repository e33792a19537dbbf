using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Workers;

/// <summary>
/// Measures rounds for another process, which compares this build with another: <c>worker [SUITE …] [-Quick] [-Rows N]</c>. Without names it prepares all suites,
/// or all quick ones; names it does not know it leaves out, for they may be of another commit.
/// </summary>
internal static class WorkerProgram
{
    public static async Task<int> RunAsync(string[] arguments, TextReader requests, TextWriter answers)
    {
        Dictionary<string, ISuiteRun> runs = [];
        try
        {
            WorkerMessage ready = await PrepareAsync(arguments, runs);
            await AnswerAsync(answers, ready);
            if (ready.Error is not null)
            {
                return 1;
            }

            while (await requests.ReadLineAsync() is { } suite)
            {
                await AnswerAsync(answers, await MeasureAsync(suite, runs));
            }

            return 0;
        }
        finally
        {
            foreach (ISuiteRun run in runs.Values)
            {
                await run.DisposeAsync();
            }
        }
    }

    private static async Task<WorkerMessage> PrepareAsync(string[] arguments, Dictionary<string, ISuiteRun> runs)
    {
        string[] names = [.. arguments.TakeWhile(a => !a.StartsWith('-'))];
        RunOptions options;
        try
        {
            options = RunOptions.Parse(arguments.AsSpan(names.Length));
        }
        catch (RunException failure)
        {
            return new WorkerMessage { Error = failure.Message };
        }

        List<WorkerSuite> suites = [];
        foreach (ISuite suite in (names.Length > 0 ? names.Distinct() : options.Suites).Select(AllSuites.TryFind).OfType<ISuite>())
        {
            try
            {
                ISuiteRun run = await suite.StartAsync(new SuiteSettings(options.Rows, options.Quick));
                runs.Add(suite.Name, run);
                suites.Add(new WorkerSuite(suite.Name, suite.References, run.Settings));
            }
#pragma warning disable CA1031 // Whatever it was, it is the answer.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                return new WorkerMessage { Suite = suite.Name, Error = Describe(failure) };
            }
        }

        return new WorkerMessage { Protocol = WorkerMessage.CurrentProtocol, Suites = suites };
    }

    private static async Task<WorkerMessage> MeasureAsync(string suite, Dictionary<string, ISuiteRun> runs)
    {
        try
        {
            return runs.TryGetValue(suite, out ISuiteRun? run)
                ? new WorkerMessage { Suite = suite, Cases = await run.MeasureRoundAsync() }
                : new WorkerMessage { Suite = suite, Error = $"{suite} is no suite that was prepared." };
        }
#pragma warning disable CA1031 // Whatever it was, it is the answer.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            return new WorkerMessage { Suite = suite, Error = Describe(failure) };
        }
    }

    // A RunException is written for people; of anything else the place is wanted too.
    private static string Describe(Exception failure) => failure is RunException ? failure.Message : failure.ToString();

    private static async Task AnswerAsync(TextWriter answers, WorkerMessage message)
    {
        await answers.WriteLineAsync(message.ToLine());
        await answers.FlushAsync();
    }
}
