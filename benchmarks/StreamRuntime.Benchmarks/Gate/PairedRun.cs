using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Benchmarks.Workers;

namespace StreamRuntime.Benchmarks.Gate;

/// <summary>
/// Measures two builds in turn until every case is decided, or a bound is reached. In every round a suite is measured on both, one right after the other, and
/// who is first changes from round to round (A B B A A B …): a machine that gets slower meanwhile slows both down alike.
/// </summary>
internal sealed class PairedRun(IWorker reference, IWorker current, GateBounds bounds, double tolerance, TimeProvider time, long startedAt, Action<string> report)
{
    private readonly Dictionary<CaseKey, CaseRounds> _cases = [];
    private readonly Dictionary<(IWorker Worker, string Suite), HashSet<CaseKey>> _firstRounds = [];
    private readonly Dictionary<string, TimeSpan> _longest = [];

    /// <exception cref="RunException">A case failed to run, or there is nothing to compare.</exception>
    public async Task<IReadOnlyList<CaseResult>> RunAsync()
    {
        if (reference.Suites.Count == 0 && current.Suites.Count == 0)
        {
            throw new RunException("There is nothing to compare: neither build has a suite of those asked for.");
        }

        List<CaseResult> apart = [];
        List<WorkerSuite> both = [];
        foreach (WorkerSuite suite in reference.Suites)
        {
            if (current.Suites.FirstOrDefault(s => s.Name == suite.Name) is not { } same)
            {
                apart.Add(CaseResult.Of(new CaseKey(suite.Name, "the whole suite", ""), Verdict.Vanished));
            }
            else if (SettingsDifference.Describe(suite.Settings, same.Settings) is { Length: > 0 } differences)
            {
                apart.Add(CaseResult.Of(new CaseKey(suite.Name, "other settings: " + differences, ""), Verdict.Incomparable));
            }
            else
            {
                both.Add(same);
            }
        }

        // Once, to know that it runs.
        foreach (WorkerSuite suite in current.Suites.Where(s => reference.Suites.All(r => r.Name != s.Name)))
        {
            await MeasureAsync(suite, isReference: false);
        }

        await MeasureAsync(both);
        return [.. _cases.Values.Select(c => c.Finish()).Concat(apart).OrderBy(r => r.Verdict == Verdict.New)];
    }

    private async Task MeasureAsync(List<WorkerSuite> open)
    {
        IReadOnlyList<int> looks = bounds.Looks;
        int rounds = 0;
        foreach (int look in looks)
        {
            while (rounds < look && open.Count > 0 && (rounds == 0 || HasTimeFor(open)))
            {
                report($"round {rounds + 1}: {string.Join(", ", open.Select(s => s.Name))}");
                foreach (WorkerSuite suite in open)
                {
                    await MeasureRoundAsync(suite, isReferenceFirst: rounds % 2 == 0);
                }

                rounds++;
            }

            var judge = new CostJudge(tolerance, _cases.Values.Count(c => c.IsCompared) * looks.Count);
            foreach (CaseRounds measured in _cases.Values)
            {
                measured.Decide(judge);
            }

            open = [.. open.Where(s => _cases.Values.Any(c => c.Key.Suite == s.Name && c.IsOpen))];
            if (rounds < look)
            {
                return;
            }
        }
    }

    // Rounds of a suite take much the same time; the longest so far is what the next is reckoned with.
    private bool HasTimeFor(IEnumerable<WorkerSuite> suites) =>
        time.GetElapsedTime(startedAt) + TimeSpan.FromTicks(suites.Sum(s => _longest[s.Name].Ticks)) <= bounds.Time;

    private async Task MeasureRoundAsync(WorkerSuite suite, bool isReferenceFirst)
    {
        long started = time.GetTimestamp();
        await MeasureAsync(suite, isReferenceFirst);
        await MeasureAsync(suite, !isReferenceFirst);
        TimeSpan took = time.GetElapsedTime(started);
        _longest[suite.Name] = _longest.TryGetValue(suite.Name, out TimeSpan longest) && longest > took ? longest : took;
    }

    private async Task MeasureAsync(WorkerSuite suite, bool isReference)
    {
        IWorker worker = isReference ? reference : current;
        IReadOnlyList<CaseFigures> found = await worker.MeasureAsync(suite.Name);
        CaseKey[] keys = [.. found.Select(f => new CaseKey(suite.Name, f.Situation, f.Subject))];
        CheckIsWhole(worker, suite, keys);
        foreach ((CaseKey key, CaseFigures figures) in keys.Zip(found))
        {
            if (!_cases.TryGetValue(key, out CaseRounds? rounds))
            {
                _cases.Add(key, rounds = new CaseRounds(key, suite.References.Contains(figures.Subject)));
            }

            if (isReference)
            {
                rounds.AddReference(figures);
            }
            else
            {
                rounds.AddCurrent(figures);
            }
        }
    }

    // Rounds are compared one by one, so every round of a build must have the cases of its first.
    private void CheckIsWhole(IWorker worker, WorkerSuite suite, CaseKey[] keys)
    {
        HashSet<CaseKey> now = [.. keys];
        HashSet<CaseKey> first = _firstRounds.TryGetValue((worker, suite.Name), out HashSet<CaseKey>? known) ? known : now;
        _firstRounds[(worker, suite.Name)] = first;
        if (now.Count < keys.Length || !now.SetEquals(first))
        {
            CaseKey odd = keys.GroupBy(k => k).FirstOrDefault(g => g.Count() > 1)?.Key ?? now.Except(first).Concat(first.Except(now)).First();
            throw new RunException($"{worker.Name} did not measure {odd} once in every round.");
        }
    }
}
