namespace StreamRuntime.Benchmarks.Results;

/// <summary>One subject in one situation, over all rounds.</summary>
/// <param name="Situation">What was done: what was read, which question was asked.</param>
/// <param name="Subject">Who did it.</param>
/// <param name="Rounds">The figures of each round by name (<see cref="Figure"/>), in order: index by index comparable with the other subjects'.</param>
/// <param name="HasExactBytes">True when allocated bytes are the same in every run, so that any difference is the code's.</param>
internal sealed record Measurement(
    string Situation, string Subject, IReadOnlyList<IReadOnlyDictionary<string, double>> Rounds, bool HasExactBytes = false)
{
    /// <summary>The middle of the rounds; null when not every round has the figure.</summary>
    public double? Median(string figure) => Rounds.All(r => r.ContainsKey(figure)) ? Medians.Of(Rounds.Select(r => r[figure])) : null;
}
