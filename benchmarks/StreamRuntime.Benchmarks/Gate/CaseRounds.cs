using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Statistics;
using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Gate;

/// <summary>What both builds measured of one case, round by round: index by index the two followed each other.</summary>
internal sealed class CaseRounds(CaseKey key, bool isReference)
{
    private readonly List<CaseFigures> _reference = [];
    private readonly List<CaseFigures> _current = [];

    // About the compared figure. A case is decided once, by the first rounds that are enough; later rounds, measured for other cases, do not reopen it.
    private CostResult? _decided;

    public CaseKey Key => key;

    /// <summary>True when both have a figure to compare, and it is our code's.</summary>
    public bool IsCompared => !isReference && HasPairs && ComparedFigure is not null;

    /// <summary>True when more rounds may tell what so far is uncertain.</summary>
    public bool IsOpen => HasPairs && !isReference && (_decided is { Verdict: Verdict.Inconclusive, Interval: not null } || JudgeBytes().Verdict == Verdict.Inconclusive);

    private bool HasPairs => _reference.Count > 0 && _current.Count > 0;

    // The first that both have.
    private string? ComparedFigure => Figure.Comparable.FirstOrDefault(f => Both.All(r => r.Figures.ContainsKey(f)));

    private IEnumerable<CaseFigures> Both => _reference.Concat(_current);

    public void AddReference(CaseFigures figures) => _reference.Add(figures);

    public void AddCurrent(CaseFigures figures) => _current.Add(figures);

    /// <summary>Judges by all rounds so far; does nothing for a case that is decided or has no figure to judge.</summary>
    public void Decide(CostJudge judge)
    {
        if (IsCompared && _decided is null or { Verdict: Verdict.Inconclusive })
        {
            _decided = JudgeCost(judge);
        }
    }

    public CaseResult Finish()
    {
        if (!HasPairs)
        {
            return CaseResult.Of(key, _current.Count > 0 ? Verdict.New : Verdict.Vanished);
        }

        if (isReference)
        {
            return CaseResult.Of(key, Verdict.NotJudged);
        }

        // A figure that only the reference has is a benchmark that has vanished, if only in part.
        bool hasLostIt = ComparedFigure is null && Figure.Comparable.Any(f => _reference.All(r => r.Figures.ContainsKey(f)));
        return new CaseResult(key, hasLostIt ? new CostResult(Verdict.Vanished) : _decided ?? default, JudgeBytes());
    }

    private CostResult JudgeCost(CostJudge judge)
    {
        string figure = ComparedFigure!;
        double[] logarithms = [.. _reference.Zip(_current, (r, c) => Math.Log(c.Figures[figure] / r.Figures[figure]))];

        // What costs nothing measurable has no ratio, and more rounds give it none.
        return logarithms.All(double.IsFinite)
            ? judge.Judge(figure, TrimmedMean.Of(logarithms), logarithms.Length)
            : new CostResult(Verdict.Inconclusive, figure, Rounds: logarithms.Length);
    }

    private BytesResult JudgeBytes()
    {
        bool hadBytes = _reference.All(r => r.Figures.ContainsKey(Figure.AllocatedBytes));
        bool hasBytes = _current.All(r => r.Figures.ContainsKey(Figure.AllocatedBytes));
        return (hadBytes, hasBytes) switch
        {
            (true, true) => BytesJudge.Judge(
                [.. _reference.Select(r => r.Figures[Figure.AllocatedBytes])], [.. _current.Select(r => r.Figures[Figure.AllocatedBytes])], Both.All(r => r.HasExactBytes)),
            (true, false) => new BytesResult(Verdict.Vanished),
            _ => default,
        };
    }
}
