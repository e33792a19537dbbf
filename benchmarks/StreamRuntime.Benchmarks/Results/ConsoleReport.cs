namespace StreamRuntime.Benchmarks.Results;

/// <summary>A suite's result for whoever waits at the terminal.</summary>
internal static class ConsoleReport
{
    public static void Write(SuiteResult result, TextWriter to)
    {
        foreach (string situation in FigureTable.Situations(result))
        {
            to.WriteLine();
            to.WriteLine(situation);
            IReadOnlyList<string>[] lines = [FigureTable.Heading, .. FigureTable.Rows(result, situation)];
            int[] widths = [.. FigureTable.Heading.Select((_, column) => lines.Max(l => l[column].Length))];
            foreach (IReadOnlyList<string> line in lines)
            {
                to.WriteLine("  " + line[0].PadRight(widths[0]) + string.Concat(line.Skip(1).Select((cell, i) => "  " + cell.PadLeft(widths[i + 1]))));
            }
        }

        to.WriteLine();
        foreach (GoalResult goal in result.Goals)
        {
            to.WriteLine(FigureTable.GoalLine(goal));
        }
    }
}
