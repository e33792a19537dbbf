namespace StreamRuntime.Cli.Terminals;

/// <summary>Whether the terminal's keys are for us.</summary>
internal static class Keyboard
{
    // Fields of /proc/self/stat counted after the closing parenthesis of the program's name.
    private const int ProcessGroup = 2;
    private const int TerminalsForegroundGroup = 5;

    /// <summary>False in the background (<c>streamrt … &amp;</c>), where reading the terminal would stop the process.</summary>
    public static bool IsOurs
    {
        get
        {
            if (!OperatingSystem.IsLinux())
            {
                return true;
            }

            string stat = File.ReadAllText("/proc/self/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[ProcessGroup] == fields[TerminalsForegroundGroup];
        }
    }
}
