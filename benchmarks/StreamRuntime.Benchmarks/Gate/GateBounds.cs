using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Workers;

namespace StreamRuntime.Benchmarks.Gate;

/// <summary>How much a comparison may measure.</summary>
/// <param name="MostRounds">The most rounds of a suite.</param>
/// <param name="Time">From the start, the build of the reference included, to the end of the last round.</param>
/// <param name="Build">How long the reference's build may take.</param>
/// <param name="Workers">How long the two builds may be silent.</param>
internal sealed record GateBounds(int MostRounds, TimeSpan Time, TimeSpan Build, WorkerLimits Workers)
{
    // As many as tell a slowdown of 15 % from the tolerance of 5 % on a machine where a process' time scatters by 5 %.
    private const int DefaultMostRounds = 40;

    /// <summary>The first number of rounds that is judged; with fewer a t distribution is so wide that nothing is certain.</summary>
    private const int FirstLook = 4;

    public static GateBounds Of(RunOptions options)
    {
        int mostRounds = options.Rounds ?? DefaultMostRounds;

        // Continuous integration waits for the quick form: it is to be over within six minutes, whatever happens.
        return options.Quick
            ? new GateBounds(mostRounds, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(3), new WorkerLimits(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(60)))
            : new GateBounds(mostRounds, TimeSpan.FromHours(2), TimeSpan.FromMinutes(15), new WorkerLimits(TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(30)));
    }

    /// <summary>
    /// The numbers of rounds after which is judged, each half as many again as the one before: looking more often would make every look less certain, looking less
    /// often would measure for nothing.
    /// </summary>
    public IReadOnlyList<int> Looks
    {
        get
        {
            List<int> looks = [];
            for (int look = FirstLook; look < MostRounds; look = ((look * 3) + 1) / 2)
            {
                looks.Add(look);
            }

            return [.. looks, MostRounds];
        }
    }
}
