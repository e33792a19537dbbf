namespace StreamRuntime.Benchmarks.Results;

/// <summary>How one subject's figure compares with another's.</summary>
/// <param name="Median">The middle of the rounds' ratios. Each is of two runs that followed each other, so a machine that slows down meanwhile slows both.</param>
/// <param name="Lowest">The lowest round's.</param>
/// <param name="Highest">The highest round's.</param>
internal sealed record Ratio(double Median, double Lowest, double Highest)
{
    public static Ratio Of(Measurement subject, Measurement reference, string figure)
    {
        double[] ratios = [.. subject.Rounds.Zip(reference.Rounds, (s, r) => s[figure] / r[figure])];
        return new Ratio(Medians.Of(ratios), ratios.Min(), ratios.Max());
    }

    /// <summary>The figure itself, where nothing is compared.</summary>
    public static Ratio Alone(Measurement subject, string figure)
    {
        double[] values = [.. subject.Rounds.Select(r => r[figure])];
        return new Ratio(Medians.Of(values), values.Min(), values.Max());
    }
}
