using System.Buffers;

namespace StreamRuntime.Postgres.Configuration;

/// <summary>Makes the exceptions of this folder. A mistyped string may hold a password anywhere, so text from it is shown with great care.</summary>
internal static class ConfigurationError
{
    private const int MaxShownCharacters = 40;

    private static readonly SearchValues<char> Shown = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,!:+-");

    public static StreamRuntimeException Because(string message) => new(ErrorKind.Configuration, message);

    /// <summary>A value that its keyword does not take.</summary>
    public static StreamRuntimeException Invalid(string keyword, string value, string expected) =>
        Because($"{keyword}{(IsPlain(value) ? $" \"{value}\"" : "")} is not {expected}.");

    /// <summary>A value that libpq takes and we do not.</summary>
    public static StreamRuntimeException Unsupported(string keyword, string value, string because) =>
        Because($"{keyword}{(IsPlain(value) ? $"={value}" : "")} is not supported: {because}.");

    public static StreamRuntimeException UnknownKeyword(string keyword)
    {
        if (!IsPlain(keyword))
        {
            return Because("The connection string holds a key that is not a known one.");
        }

        string? nearest = ConnectionKeywords.Nearest(keyword);
        return Because($"\"{keyword}\" is not a known connection key{(nearest is null ? "." : $"; did you mean {nearest}?")}");
    }

    /// <summary>True for a word too plain to be half a mistyped string.</summary>
    private static bool IsPlain(string text) => text.Length is > 0 and <= MaxShownCharacters && !text.AsSpan().ContainsAnyExcept(Shown);
}
