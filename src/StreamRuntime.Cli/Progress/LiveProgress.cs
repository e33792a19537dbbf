using System.Globalization;
using System.Text;
using Spectre.Console;
using StreamRuntime.Cli.Terminals;
using StreamRuntime.Postgres.ParallelReads;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Progress;

/// <summary>Progress for a terminal: one line that is written over and over.</summary>
internal sealed class LiveProgress(Func<StreamStatistics> statistics, Func<StreamStatistics, double?> share, Func<ParallelProgress?>? partitions)
    : ProgressDisplay(statistics, share, partitions, TimeSpan.FromMilliseconds(100))
{
    private const int BarCells = 20;
    private const string BackToStart = "\r\e[2K";

    private readonly IAnsiConsole _console = AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = AnsiSupport.Yes,
        ColorSystem = StandardStreams.WantsColor ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
        Out = new AnsiConsoleOutput(Console.Error),
        Interactive = InteractionSupport.No,
    });

    protected override void WriteNote(string line)
    {
        _console.Write(new ControlCode(BackToStart));
        _console.WriteLine(line);
    }

    protected override void Write(in ProgressFigures figures, bool isLast)
    {
        StreamStatistics s = figures.Statistics;
        var text = new StringBuilder();
        if (figures.Share is { } share)
        {
            int filled = (int)(share * BarCells);
            text.Append("[green]").Append('━', filled).Append("[/][grey]").Append('━', BarCells - filled).Append("[/] ")
                .Append(CultureInfo.InvariantCulture, $"{share * 100,3:0}%  ");
        }

        string color = s.State switch
        {
            StreamState.Running => "blue",
            StreamState.Paused => "yellow",
            StreamState.Complete => "green",
            _ => "red",
        };
        text.Append(
            CultureInfo.InvariantCulture,
            $"[{color}]{s.State}[/]  [bold]{Measure.Count(s.RowsDelivered)}[/] rows  {Measure.Bytes(s.BytesDelivered)}  {Measure.Count(figures.RowsPerSecond)} rows/s  {Measure.Bytes(s.BufferedBytes)} buffered  {Measure.Time(s.Elapsed)}{PartitionsText.Format(figures.Partitions)}");
        _console.Write(new ControlCode(BackToStart));

        // A line that wraps could not be written over any more, so what does not fit is left out.
        _console.Write(new Markup(text.ToString()) { Overflow = Overflow.Ellipsis });
        if (isLast)
        {
            _console.WriteLine();
        }
    }
}
