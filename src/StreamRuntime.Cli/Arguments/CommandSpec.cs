using System.Text;

namespace StreamRuntime.Cli.Arguments;

/// <summary>What one command takes, for reading it and for its help.</summary>
/// <remarks>
/// Read by hand: a command-line library was measured at 12 ms of CPU a start, about three quarters of what the whole runtime takes to start.
/// </remarks>
internal sealed record CommandSpec(string Name, string Usage, string Summary, IReadOnlyList<OptionSpec> Options, string Notes)
{
    private static readonly OptionSpec Help = new("--help", null, "shows this");

    public string FormatHelp()
    {
        OptionSpec[] options = [.. Options, Help];
        int width = options.Max(o => Left(o).Length) + 2;
        var text = new StringBuilder()
            .Append(Summary).Append("\n\nusage: ").Append(Usage).Append("\n\noptions:\n");
        foreach (OptionSpec option in options)
        {
            string[] lines = option.Help.Split('\n');
            text.Append("  ").Append(Left(option).PadRight(width)).Append(lines[0]).Append('\n');
            foreach (string line in lines.AsSpan(1))
            {
                text.Append(' ', width + 2).Append(line).Append('\n');
            }
        }

        if (Notes.Length > 0)
        {
            text.Append('\n').Append(Notes.ReplaceLineEndings("\n")).Append('\n');
        }

        return text.ToString();
    }

    private static string Left(OptionSpec option) => option.Value is null ? option.Name : $"{option.Name} {option.Value}";
}
