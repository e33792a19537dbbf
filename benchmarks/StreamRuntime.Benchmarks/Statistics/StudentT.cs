using System.Collections.Concurrent;

namespace StreamRuntime.Benchmarks.Statistics;

/// <summary>Student's t distribution, for any positive number of degrees of freedom, whole or not.</summary>
/// <remarks>Safe for any thread.</remarks>
internal static class StudentT
{
    // A gate asks for the same few quantiles again and again.
    private static readonly ConcurrentDictionary<(double UpperTail, double DegreesOfFreedom), double> Known = new();

    /// <summary>The value that is exceeded with the probability given, from 0 to 0.5, both excluded.</summary>
    public static double Quantile(double upperTail, double degreesOfFreedom)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(upperTail);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(upperTail, 0.5);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(degreesOfFreedom);
        return Known.GetOrAdd((upperTail, degreesOfFreedom), static k => Find(k.UpperTail, k.DegreesOfFreedom));
    }

    private static double Find(double upperTail, double degreesOfFreedom)
    {
        double low = 0;
        double high = 1;
        while (UpperTail(high, degreesOfFreedom) > upperTail)
        {
            low = high;
            high *= 2;
        }

        // Halving until the two are neighbours takes some sixty steps, and can't go wrong.
        while (true)
        {
            double middle = low + ((high - low) / 2);
            if (middle <= low || middle >= high)
            {
                return high;
            }

            (low, high) = UpperTail(middle, degreesOfFreedom) > upperTail ? (middle, high) : (low, middle);
        }
    }

    private static double UpperTail(double t, double degreesOfFreedom) =>
        0.5 * IncompleteBeta.Regularized(degreesOfFreedom / (degreesOfFreedom + (t * t)), degreesOfFreedom / 2, 0.5);
}
