using System.Text;
using StreamRuntime.Postgres.Authentication;

namespace StreamRuntime.Postgres.Tests.Authentication;

public sealed class SaslPrepTests
{
    [Theory]
    [InlineData("user", "user")]
    [InlineData("USER", "USER")]
    [InlineData("I\u00ADX", "IX")] // RFC 4013's examples
    [InlineData("\u00AA", "a")]
    [InlineData("\u2168", "IX")]
    [InlineData("\u00B5m\u00B2", "\u03BCm2")] // on every European keyboard
    [InlineData("a\u00A0b", "a b")]
    [InlineData("a\u200Bb", "a b")] // a space to PostgreSQL, though also listed as dropped
    [InlineData("e\u0301", "\u00E9")]
    [InlineData("q\u0307\u0323", "q\u0323\u0307")] // marks in order of class
    [InlineData("d\u0307\u0323", "\u1E0D\u0307")]
    [InlineData("a\u0305\u0301", "a\u0305\u0301")] // a mark of the same class stands between
    [InlineData("\u1100\u0301\u1161", "\u1100\u0301\u1161")] // and here of any
    [InlineData("\u1112\u1161\u11AB", "\uD55C")] // Hangul, by arithmetic
    [InlineData("\uD55C\uAC00", "\uD55C\uAC00")]
    [InlineData("\uFB03\uFF21", "ffiA")]
    [InlineData("\uD835\uDC00", "A")] // beyond the BMP
    [InlineData("\u0958", "\u0915\u093C")] // excluded from composition
    [InlineData("\u0627\u0628", "\u0627\u0628")]
    public void TryPrepare_Allowed_IsNormalized(string password, string expected)
    {
        Assert.True(SaslPrep.TryPrepare(password, out string prepared));
        Assert.Equal(expected, prepared);
    }

    [Theory]
    [InlineData("\u00E9\u0007")] // control character
    [InlineData("\u0627\u0031")] // ends the other way than it begins
    [InlineData("\u0627a\u0628")] // both directions
    [InlineData("\uE000x")] // private use
    [InlineData("\u0221")] // unassigned in Unicode 3.2
    [InlineData("\uFFFD")]
    [InlineData("\u00AD")] // nothing left
    public void Prepare_NotAllowed_IsPlainUtf8(string password)
    {
        Assert.False(SaslPrep.TryPrepare(password, out _));
        Assert.Equal(Encoding.UTF8.GetBytes(password), SaslPrep.Prepare(password));
    }

    [Fact]
    public void Prepare_LoneSurrogate_DoesNotThrow() => Assert.NotEmpty(SaslPrep.Prepare("a\uD800b"));

    [Fact]
    public void Prepare_AsciiControl_IsKept() => Assert.Equal([0x61, 0x07], SaslPrep.Prepare("a\u0007"));

    [Fact]
    public void Prepare_AMillionMarks_IsNotQuadratic()
    {
        // Swapping neighbours instead of sorting would take hours here.
        string marks = new StringBuilder("a").Insert(1, "\u0301\u0323", 500_000).ToString();
        Assert.True(SaslPrep.TryPrepare(marks, out string prepared));
        Assert.StartsWith("\u1EA1\u0323", prepared, StringComparison.Ordinal);
    }
}
