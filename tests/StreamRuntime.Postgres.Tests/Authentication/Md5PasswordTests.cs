using StreamRuntime.Postgres.Authentication;

namespace StreamRuntime.Postgres.Tests.Authentication;

public sealed class Md5PasswordTests
{
    [Fact]
    public void Compute_KnownInput_MatchesPythonsHashlib() =>
        Assert.Equal("md5a5b2955382f66d11de28e6a9425a08ea", Md5Password.Compute("bob", "p\u00E4ssword", [1, 2, 3, 255]));

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(5)]
    public void Compute_SaltOfOddLength_IsRefused(int length)
    {
        var failure = Assert.Throws<StreamRuntimeException>(() => Md5Password.Compute("bob", "secret", new byte[length]));
        Assert.Equal(ErrorKind.Authentication, failure.Kind);
    }
}
