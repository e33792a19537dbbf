using System.Globalization;
using Spectre.Console;
using StreamRuntime.Cli.Progress;
using StreamRuntime.Cli.Terminals;

namespace StreamRuntime.Cli.Watching;

/// <summary>For a terminal: a table on a screen of its own, written over at each refresh; the last one stays when it ends.</summary>
internal sealed class LiveTop : TopDisplay
{
    private const string Enter = "\e[?1049h\e[?25l";
    private const string Leave = "\e[?25h\e[?1049l";
    private const string Home = "\e[H";
    private const string ClearLine = "\e[K";
    private const string ClearRest = "\e[J";

    // The table's own lines: its head, and the one below.
    private const int TableLines = 2;

    private readonly int _processId;
    private string _shown = "";
    private bool _isDisposed;

    public LiveTop(int processId)
    {
        _processId = processId;
        StandardStreams.WriteOutput(Enter);
    }

    public override void Show(Refresh refresh)
    {
        _shown = Render(refresh, Math.Max(40, Console.WindowWidth), Math.Max(8, Console.WindowHeight));
        StandardStreams.WriteOutput(Home + _shown.Replace("\n", ClearLine + "\n", StringComparison.Ordinal) + ClearRest);
    }

    public override void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            StandardStreams.WriteOutput(Leave + _shown);
        }
    }

    /// <summary>A refresh as it is shown: no more lines than there are, one of which stays free for the cursor.</summary>
    internal string Render(Refresh refresh, int width, int height)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = StandardStreams.WantsColor ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(text),
            Interactive = InteractionSupport.No,
        });
        console.Profile.Width = width;
        console.Profile.Height = height;
        string[] head = [TopText.Process(_processId, refresh), TopText.Sums(refresh), .. refresh.Now.Pools.Select(TopText.Pool)];
        foreach (string line in head)
        {
            // Cut rather than wrapped: a screen that scrolls could not be written over.
            console.WriteLine(line.Length < width ? line : line[..(width - 2)] + "…");
        }

        int room = Math.Max(1, height - head.Length - TableLines - 2);
        StreamFigures[] streams = [.. TopText.Order(refresh)];
        int shown = streams.Length <= room ? streams.Length : room - 1;
        console.Write(TableOf(refresh, streams.AsSpan(0, shown)));
        int leftOut = streams.Length - shown + refresh.StreamsLeftOut;
        if (leftOut > 0)
        {
            console.WriteLine($"and {Measure.Count(leftOut)} more");
        }

        return text.ToString();
    }

    private static Table TableOf(Refresh refresh, ReadOnlySpan<StreamFigures> streams)
    {
        Table table = new Table { Border = TableBorder.Simple, ShowRowSeparators = false }.Expand();
        table.AddColumn(Column("id").RightAligned());
        table.AddColumn(Column("stream"));
        table.AddColumn(Column("state"));
        foreach (string name in new[] { "rows/s", "MB/s", "buffered", "rows", "time" })
        {
            table.AddColumn(Column(name).RightAligned());
        }

        table.AddColumn(Column("paused for"));
        foreach (StreamFigures s in streams)
        {
            table.AddRow(
                Cell(s.Id.ToString(CultureInfo.InvariantCulture)),
                Cell(s.Name),
                new Text(s.State, new Style(s.IsPaused ? Color.Yellow : Color.Blue)),
                Cell(Measure.Count(refresh.RowsPerSecondOf(s))),
                Cell(TopText.Megabytes(refresh.BytesPerSecondOf(s))),
                Cell(Measure.Bytes(s.BufferedBytes)),
                Cell(Measure.Count(s.Rows)),
                Cell(TopText.Time(s.ElapsedMs)),
                Cell(TopText.Pause(s)));
        }

        return table;
    }

    private static TableColumn Column(string name) => new TableColumn(new Text(name)) { Padding = new Padding(0, 0, 1, 0) }.NoWrap();

    // A cell that wraps would take a line that was not counted.
    private static Text Cell(string text) => new(TopText.Clean(text)) { Overflow = Overflow.Ellipsis };
}
