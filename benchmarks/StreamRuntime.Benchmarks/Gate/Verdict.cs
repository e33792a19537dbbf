namespace StreamRuntime.Benchmarks.Gate;

/// <summary>What a comparison says of one case. Of two that are said of a case, the later here counts.</summary>
internal enum Verdict : byte
{
    /// <summary>Nothing to judge: none of our code, or a figure that was not taken.</summary>
    NotJudged,

    /// <summary>Certainly not worse than the tolerance allows.</summary>
    Fine,

    /// <summary>Certainly less than before.</summary>
    Better,

    /// <summary>The reference does not have it.</summary>
    New,

    /// <summary>Both have it, and measure different things by that name.</summary>
    Incomparable,

    /// <summary>As far as was measured it may be worse, or not.</summary>
    Inconclusive,

    /// <summary>Only the reference has it.</summary>
    Vanished,

    /// <summary>Certainly worse.</summary>
    Regression,
}
