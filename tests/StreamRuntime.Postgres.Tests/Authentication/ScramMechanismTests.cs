using StreamRuntime.Postgres.Authentication;

namespace StreamRuntime.Postgres.Tests.Authentication;

public sealed class ScramMechanismTests
{
    private const string Plain = ScramMechanism.Plain;
    private const string Plus = ScramMechanism.Plus;

    // Every combination of what is offered (none, plain, plus, both), the option, TLS, and whether the certificate can be bound to.
    // n, y, p: the choice; -: refused.
    [Theory]
    [InlineData(ChannelBinding.Disable, false, false, "- n - -")]
    [InlineData(ChannelBinding.Disable, true, false, "- n - n")]
    [InlineData(ChannelBinding.Disable, true, true, "- n - n")]
    [InlineData(ChannelBinding.Prefer, false, false, "- n - -")]
    [InlineData(ChannelBinding.Prefer, true, false, "- n - n")]
    [InlineData(ChannelBinding.Prefer, true, true, "- y p p")]
    [InlineData(ChannelBinding.Require, false, false, "- - - -")]
    [InlineData(ChannelBinding.Require, true, false, "- - - -")]
    [InlineData(ChannelBinding.Require, true, true, "- - p p")]
    public void Choose_EveryCombination(ChannelBinding option, bool isTls, bool canBind, string expected)
    {
        string[][] offers = [["OTHER"], [Plain, "OTHER"], [Plus], [Plus, Plain]];
        string actual = string.Join(' ', offers.Select(offered =>
        {
            try
            {
                return ScramMechanism.Choose(offered, option, isTls, canBind ? [1] : null) switch
                {
                    ScramBinding.None => "n",
                    ScramBinding.NotOffered => "y",
                    _ => "p",
                };
            }
            catch (StreamRuntimeException failure) when (failure.Kind == ErrorKind.Authentication)
            {
                return "-";
            }
        }));
        Assert.Equal(expected, actual);
    }
}
