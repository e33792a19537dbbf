using StreamRuntime.Benchmarks.Micro;

namespace StreamRuntime.Benchmarks.Tests.Micro;

public sealed class MicroOptionsTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TryParse_OfArguments_IsTheSame(bool isQuick)
    {
        var options = new MicroOptions("state", 1000, isQuick, 3);

        Assert.Equal(options, MicroOptions.TryParse([.. options.ToArguments()]));
    }

    [Theory]
    [InlineData]
    [InlineData("state")]
    [InlineData("state", "many", "0")]
    [InlineData("state", "1", "-1")]
    [InlineData("state", "1", "0", "-Slow")]
    public void TryParse_OfAnythingElse_IsNull(params string[] arguments) => Assert.Null(MicroOptions.TryParse(arguments));
}
