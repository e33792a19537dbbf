namespace StreamRuntime.Benchmarks.Tests.Statistics;

/// <summary>What a shared machine does to a process' time, as a logarithm: a little to every process, and much to some.</summary>
internal sealed class Noise(int seed, double scatter, double outliers)
{
    private const double MeanOutlier = 0.3;
    private readonly Random _random = new(seed);

    public double Next()
    {
        // Box and Muller's normal distribution.
        double normal = Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
        double outlier = _random.NextDouble() < outliers ? -MeanOutlier * Math.Log(1 - _random.NextDouble()) : 0;
        return (scatter * normal) + outlier;
    }
}
