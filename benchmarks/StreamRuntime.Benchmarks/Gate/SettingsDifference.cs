namespace StreamRuntime.Benchmarks.Gate;

/// <summary>Where two runs of a suite measured different things.</summary>
internal static class SettingsDifference
{
    // How often was measured is no part of what was.
    private const string Rounds = "rounds";

    /// <summary>The settings both have with different values, as text; empty when there is none. One that only one side has says nothing: older results know fewer.</summary>
    public static string Describe(IReadOnlyDictionary<string, string> was, IReadOnlyDictionary<string, string> now) => string.Join(
        ", ", was.Where(s => s.Key != Rounds && now.TryGetValue(s.Key, out string? value) && value != s.Value).Select(s => $"{s.Key} {s.Value} → {now[s.Key]}"));
}
