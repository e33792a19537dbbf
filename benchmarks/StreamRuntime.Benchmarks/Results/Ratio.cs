namespace StreamRuntime.Benchmarks.Results;

/// <summary>How one client's figure compares with another's.</summary>
/// <param name="Median">The middle of the rounds' ratios. Each is of two runs that followed each other, so a machine that slows down meanwhile slows both.</param>
/// <param name="Lowest">The lowest round's.</param>
/// <param name="Highest">The highest round's.</param>
internal sealed record Ratio(double Median, double Lowest, double Highest)
{
    public static Ratio Of(Measurement subject, Measurement reference, Func<RoundFigures, double> figure)
    {
        double[] ratios = [.. subject.Rounds.Zip(reference.Rounds, (s, r) => figure(s) / figure(r))];
        return new Ratio(Medians.Of(ratios), ratios.Min(), ratios.Max());
    }
}
