namespace StreamRuntime.Benchmarks.Statistics;

/// <summary>A ratio, and what it may be in truth.</summary>
/// <param name="Ratio">The best guess.</param>
/// <param name="Lower">The lower end: 0 when there are too few rounds to say.</param>
/// <param name="Upper">The upper end: infinite when there are too few rounds to say.</param>
internal readonly record struct RatioInterval(double Ratio, double Lower, double Upper)
{
    /// <summary>The interval of a ratio of which the logarithm is known: noise multiplies, so logarithms are what scatters evenly.</summary>
    /// <param name="logarithm">The mean of the logarithms.</param>
    /// <param name="belowLower">The probability that the truth lies below the lower end.</param>
    /// <param name="aboveUpper">The probability that the truth lies above the upper end.</param>
    public static RatioInterval Of(TrimmedMean logarithm, double belowLower, double aboveUpper)
    {
        double ratio = Math.Exp(logarithm.Value);
        if (logarithm.DegreesOfFreedom == 0)
        {
            return new RatioInterval(ratio, 0, double.PositiveInfinity);
        }

        double error = Math.Sqrt(logarithm.Variance);
        return new RatioInterval(
            ratio,
            Math.Exp(logarithm.Value - (error * StudentT.Quantile(belowLower, logarithm.DegreesOfFreedom))),
            Math.Exp(logarithm.Value + (error * StudentT.Quantile(aboveUpper, logarithm.DegreesOfFreedom))));
    }
}
