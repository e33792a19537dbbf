using System.Globalization;

namespace StreamRuntime.TestKit.Conformance;

/// <summary>What an author says of a driver so that the suite can put it to the test: how a source is opened over a far side that does what a script says.</summary>
/// <remarks>A rule opens one source or several, one after the other. An instance may be used for every rule.</remarks>
public abstract class SourceUnderTest
{
    /// <summary>What the far side can be made to do, and what can be seen of it.</summary>
    public abstract SourceAbilities Abilities { get; }

    /// <summary>How long anything that should happen may take before it counts as never happening. 30 s by default, as test machines stall.</summary>
    public virtual TimeSpan Patience => TimeSpan.FromSeconds(30);

    /// <summary>How long is looked whether something happens that should not. 30 ms by default; a longer time finds more and costs every run.</summary>
    public virtual TimeSpan Settling => TimeSpan.FromMilliseconds(30);

    /// <summary>Opens a source over a result of its own.</summary>
    /// <param name="script">What the far side does.</param>
    public abstract ValueTask<OpenedSource> OpenAsync(SourceScript script);

    /// <summary>Rows of one size, all different. To be overridden where the far side makes its rows itself.</summary>
    /// <param name="count">How many.</param>
    /// <param name="bytes">The size of each, in bytes; at least 64.</param>
    public virtual IReadOnlyList<string> MakeRows(int count, int bytes)
    {
        var rows = new string[count];
        for (int i = 0; i < count; i++)
        {
            string head = string.Create(CultureInfo.InvariantCulture, $"{{\"n\":{i},\"text\":\"");
            rows[i] = head + new string((char)('a' + (i % 26)), bytes - head.Length - 2) + "\"}";
        }

        return rows;
    }
}
