using System.Globalization;

namespace StreamRuntime.Benchmarks.Micro;

/// <summary>What one round in a process of its own is to measure.</summary>
/// <param name="Suite">Whose cases.</param>
/// <param name="Rows">Cases of more rows are left out.</param>
/// <param name="IsQuick">True for the cases of the quick gate.</param>
/// <param name="Round">The round's number, which decides who goes first.</param>
internal sealed record MicroOptions(string Suite, int Rows, bool IsQuick, int Round)
{
    public IReadOnlyList<string> ToArguments() =>
    [
        Suite, Rows.ToString(CultureInfo.InvariantCulture), Round.ToString(CultureInfo.InvariantCulture), .. IsQuick ? ["-Quick"] : Array.Empty<string>(),
    ];

    /// <summary>Null when the arguments are not those of <see cref="ToArguments"/>.</summary>
    public static MicroOptions? TryParse(ReadOnlySpan<string> arguments)
    {
        bool isQuick = arguments is [.., "-Quick"];
        return (isQuick ? arguments[..^1] : arguments) is [var suite, var rows, var round]
            && int.TryParse(rows, NumberStyles.None, CultureInfo.InvariantCulture, out int most)
            && int.TryParse(round, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                ? new MicroOptions(suite, most, isQuick, number)
                : null;
    }
}
