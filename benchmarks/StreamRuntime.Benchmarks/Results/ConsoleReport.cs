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
            var table = new FigureTable(result, situation);
            IReadOnlyList<string>[] lines = [table.Heading, .. table.Rows];
            int[] widths = [.. table.Heading.Select((_, column) => lines.Max(l => l[column].Length))];
            foreach (IReadOnlyList<string> line in lines)
            {
                to.WriteLine("  " + line[0].PadRight(widths[0]) + string.Concat(line.Skip(1).Select((cell, i) => "  " + cell.PadLeft(widths[i + 1]))));
            }
        }

        to.WriteLine();
        foreach (GoalResult goal in result.Goals)
        {
            to.WriteLine(goal);
        }
    }
}
