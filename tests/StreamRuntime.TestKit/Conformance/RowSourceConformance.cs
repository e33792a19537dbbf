namespace StreamRuntime.TestKit.Conformance;

/// <summary>The rules every row source keeps, the built-in ones and yours.</summary>
/// <remarks>
/// Needs no test framework: a rule that is broken throws a <see cref="ConformanceException"/>. With xunit, give <see cref="NamesFor"/> to a theory that calls
/// <see cref="RunAsync"/>; any other framework has the like.
/// </remarks>
public static class RowSourceConformance
{
    /// <summary>All rules.</summary>
    public static IReadOnlyList<ConformanceRule> Rules { get; } = [.. RowRules.All, .. PauseRules.All, .. EndingRules.All, .. ErrorRules.All];

    /// <summary>The names of the rules that can be checked with a far side of these abilities.</summary>
    public static IReadOnlyList<string> NamesFor(SourceAbilities abilities) => [.. Rules.Where(rule => rule.AppliesTo(abilities)).Select(rule => rule.Name)];

    /// <summary>Checks one rule.</summary>
    /// <param name="rule">Its name.</param>
    /// <param name="source">The driver.</param>
    /// <exception cref="ArgumentException">There is no such rule.</exception>
    /// <exception cref="ConformanceException">The rule is broken.</exception>
    /// <exception cref="InvalidOperationException">The rule does not apply to a far side of such abilities.</exception>
    public static Task RunAsync(string rule, SourceUnderTest source) =>
        (Rules.FirstOrDefault(known => known.Name == rule) ?? throw new ArgumentException($"There is no rule called {rule}.", nameof(rule))).RunAsync(source);
}
