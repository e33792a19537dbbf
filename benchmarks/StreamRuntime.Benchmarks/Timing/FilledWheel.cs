using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Timing;

namespace StreamRuntime.Benchmarks.Timing;

/// <summary>A wheel that holds many deadlines, of which none comes while it is measured, and the few that the questions are asked of.</summary>
/// <remarks>
/// The few are in the nearest cache, as a deadline is whose connection has just been used, and are filed among all the others. <see cref="Any"/> gives all the others,
/// one after the other in no order: of a million, what is asked and its neighbours in their list are then in no cache, and what that costs more is the wait for
/// memory.
/// </remarks>
internal sealed class FilledWheel
{
    private const long Minute = 60_000_000_000;
    private const long Nearest = 20 * Minute;
    private const long Spread = 100 * Minute;

    private static readonly Lazy<FilledWheel> s_thousand = new(() => new FilledWheel(1_000));
    private static readonly Lazy<FilledWheel> s_million = new(() => new FilledWheel(1_000_000));

    private readonly Deadline[] _few;
    private readonly Deadline _first;

    private FilledWheel(int count)
    {
        Wheel = new TimingWheel(TimeProvider.System);
        long now = Wheel.Clock.Now;
        var random = new Random(count);
        var any = new Deadline[count];
        for (int i = 0; i < count; i++)
        {
            any[i] = new Deadline(Wheel, static _ => { });
            any[i].Schedule(now + Nearest + (long)(random.NextDouble() * Spread));
        }

        random.Shuffle(any);
        Any = new DeadlineTurns(any, now + Nearest, Spread);
        _few = Questions.MakeObjects(() => new Deadline(Wheel, static _ => { }));
        Few = new DeadlineTurns(_few, now + Nearest, Spread);

        // The timer waits for this one, and is left alone by all that come later.
        _first = new Deadline(Wheel, static _ => { });
        _first.Schedule(now + 10 * Minute);
    }

    public static FilledWheel Thousand => s_thousand.Value;

    public static FilledWheel Million => s_million.Value;

    public TimingWheel Wheel { get; }

    /// <summary>As many as there are questions, due last of all.</summary>
    public DeadlineTurns Few { get; }

    public DeadlineTurns Any { get; }

    /// <summary>Files the few anew, wherever another question has left them.</summary>
    public static void FileAnew()
    {
        foreach (FilledWheel filled in (FilledWheel[])[Thousand, Million])
        {
            foreach (Deadline deadline in filled._few)
            {
                deadline.Cancel();
                deadline.Schedule(filled.Wheel.Clock.Now + Nearest + Spread);
            }
        }
    }
}

/// <summary>Gives deadlines in turn, and times to file them at, anywhere among the others.</summary>
internal sealed class DeadlineTurns(Deadline[] deadlines, long nearest, long spread)
{
    private int _next;
    private ulong _random = 1;

    public Deadline Next()
    {
        Deadline next = deadlines[_next];
        _next = _next + 1 == deadlines.Length ? 0 : _next + 1;
        return next;
    }

    // Knuth's linear congruential generator (MMIX), for it costs next to nothing.
    public long NextDue()
    {
        _random = unchecked(_random * 6364136223846793005 + 1442695040888963407);
        return nearest + (long)Math.BigMul(_random, (ulong)spread, out _);
    }
}
