using StreamRuntime.Benchmarks.Statistics;

namespace StreamRuntime.Benchmarks.Tests.Statistics;

public class StudentTTests
{
    // From printed tables of the distribution; the last ones are its two closed forms.
    [Theory]
    [InlineData(0.05, 1, 6.3138)]
    [InlineData(0.05, 4, 2.1318)]
    [InlineData(0.025, 10, 2.2281)]
    [InlineData(0.01, 30, 2.4573)]
    [InlineData(0.001, 5, 5.8934)]
    [InlineData(0.0005, 9, 4.7809)]
    [InlineData(0.05, 120, 1.6577)]
    [InlineData(0.05, 1e6, 1.64486)]
    [InlineData(0.0001, 1, 3183.0988)]
    [InlineData(0.0001, 2, 70.7001)]
    public void Quantile_IsAsInTheTables(double upperTail, double degreesOfFreedom, double expected) =>
        Assert.Equal(1, StudentT.Quantile(upperTail, degreesOfFreedom) / expected, 0.00003);

    [Fact]
    public void Quantile_OfDegreesBetweenTwoWholeOnes_LiesBetweenTheirs() =>
        Assert.InRange(StudentT.Quantile(0.01, 4.5), StudentT.Quantile(0.01, 5), StudentT.Quantile(0.01, 4));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.5, 1)]
    [InlineData(0.1, 0)]
    public void Quantile_OfWhatHasNone_IsRefused(double upperTail, double degreesOfFreedom) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => StudentT.Quantile(upperTail, degreesOfFreedom));

    [Theory]
    [InlineData(0.5, 2, 2, 0.5)]
    [InlineData(0.25, 1, 1, 0.25)]
    [InlineData(0.3, 2, 3, 0.3483)]
    [InlineData(0.9, 5, 1, 0.59049)]
    [InlineData(0, 2, 2, 0)]
    [InlineData(1, 2, 2, 1)]
    public void IncompleteBeta_IsItsPolynomial(double x, double a, double b, double expected) =>
        Assert.Equal(expected, IncompleteBeta.Regularized(x, a, b), 1e-12);
}
