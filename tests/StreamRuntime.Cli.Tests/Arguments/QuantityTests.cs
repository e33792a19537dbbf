using StreamRuntime.Cli.Arguments;

namespace StreamRuntime.Cli.Tests.Arguments;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("2s", 2000)]
    [InlineData("1.5m", 90_000)]
    [InlineData("1h", 3_600_000)]
    public void Time_NumberAndUnit_IsRead(string text, double milliseconds) => Assert.Equal(milliseconds, Quantity.Time("--x", text).TotalMilliseconds);

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("0")]
    [InlineData("0s")]
    [InlineData("-1s")]
    [InlineData("ms")]
    [InlineData("1d")]
    [InlineData("9999h")]
    public void Time_AnythingElse_IsRefused(string text) => Assert.Throws<UsageException>(() => Quantity.Time("--x", text));

    [Theory]
    [InlineData("0", 0)]
    [InlineData("0s", 0)]
    [InlineData("0ms", 0)]
    [InlineData("2s", 2000)]
    public void Time_ThatMayBeZero_IsReadToo(string text, double milliseconds) =>
        Assert.Equal(milliseconds, Quantity.Time("--x", text, mayBeZero: true).TotalMilliseconds);

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("-0")]
    public void Time_ThatMayBeZero_IsNoLooserOtherwise(string text) =>
        Assert.Contains("0 or more", Assert.Throws<UsageException>(() => Quantity.Time("--x", text, mayBeZero: true)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("65536", 65536)]
    [InlineData("64k", 65536)]
    [InlineData("64KiB", 65536)]
    [InlineData("1m", 1048576)]
    [InlineData("1.5MiB", 1572864)]
    public void Size_NumberAndUnit_IsRead(string text, int bytes) => Assert.Equal(bytes, Quantity.Size("--x", text, 1, int.MaxValue));

    [Theory]
    [InlineData("")]
    [InlineData("k")]
    [InlineData("1t")]
    [InlineData("0")]
    [InlineData("3g")]
    public void Size_AnythingElseOrOutOfRange_IsRefused(string text) => Assert.Throws<UsageException>(() => Quantity.Size("--x", text, 1, int.MaxValue));
}
