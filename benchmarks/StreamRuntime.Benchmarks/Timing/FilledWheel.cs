using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Timing;

namespace StreamRuntime.Benchmarks.Timing;

/// <summary>A wheel that holds many deadlines, of which none comes while it is measured, and the few that the questions are asked of.</summary>
/// <remarks>
/// The few are in the nearest cache, as a deadline is whose connection has just been used; their neighbours in the wheel's lists are where a deadline among so
/// many is. Any of them, one after the other in no order, is asked by <see cref="Any"/>: what that costs more is the wait for memory.
/// </remarks>
internal sealed class FilledWheel
{
    private const long Minute = 60_000_000_000;

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
            any[i].Schedule(now + 20 * Minute + (long)(random.NextDouble() * 100 * Minute));
        }

        random.Shuffle(any);
        Any = new DeadlineTurns(any);
        _few = Questions.MakeObjects(() => new Deadline(Wheel, static _ => { }));
        Few = new DeadlineTurns(_few);

        // The timer waits for this one, and is left alone by all that come later.
        _first = new Deadline(Wheel, static _ => { });
        _first.Schedule(now + 10 * Minute);
    }

    public static FilledWheel Thousand => s_thousand.Value;

    public static FilledWheel Million => s_million.Value;

    public TimingWheel Wheel { get; }

    /// <summary>As many as there are questions, due later than the others.</summary>
    public DeadlineTurns Few { get; }

    public DeadlineTurns Any { get; }

    /// <summary>When the few are due at first.</summary>
    public long Far => Wheel.Clock.Now + 120 * Minute;

    /// <summary>Files the few anew, wherever another question has left them.</summary>
    public static void FileAnew()
    {
        foreach (FilledWheel filled in (FilledWheel[])[Thousand, Million])
        {
            foreach (Deadline deadline in filled._few)
            {
                deadline.Cancel();
                deadline.Schedule(filled.Far);
            }
        }
    }
}

/// <summary>Gives deadlines in turn.</summary>
internal sealed class DeadlineTurns(Deadline[] deadlines)
{
    private int _next;

    public Deadline Next()
    {
        Deadline next = deadlines[_next];
        _next = _next + 1 == deadlines.Length ? 0 : _next + 1;
        return next;
    }
}
