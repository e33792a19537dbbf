using System.Text;

namespace StreamRuntime.Cli.Terminals;

/// <summary>What standard input, output and error are, and short texts to the last two.</summary>
/// <remarks>Goes past <see cref="Console"/> where it can: loading and setting that up would cost every start, mostly for nothing.</remarks>
internal static class StandardStreams
{
    private const int Input = 0;
    private const int Output = 1;
    private const int Error = 2;

    public static bool InputIsTerminal => OperatingSystem.IsWindows() ? !Console.IsInputRedirected : NativeCalls.IsTerminal(Input);

    public static bool OutputIsTerminal => OperatingSystem.IsWindows() ? !Console.IsOutputRedirected : NativeCalls.IsTerminal(Output);

    public static bool ErrorIsTerminal => OperatingSystem.IsWindows() ? !Console.IsErrorRedirected : NativeCalls.IsTerminal(Error);

    /// <summary>NO_COLOR, as no-color.org has it: set to anything but nothing.</summary>
    public static bool WantsColor => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    /// <summary>A text for the caller, such as help. A closed pipe is not an error: there is nobody left to tell.</summary>
    public static void WriteOutput(string text) => Write(Output, text);

    /// <summary>A line for people.</summary>
    public static void WriteErrorLine(string line) => Write(Error, line + "\n");

    public static void WriteError(string text) => Write(Error, text);

    private static void Write(int descriptor, string text)
    {
        if (OperatingSystem.IsWindows())
        {
            (descriptor == Output ? Console.Out : Console.Error).Write(text);
            return;
        }

        ReadOnlySpan<byte> left = Encoding.UTF8.GetBytes(text);
        while (left.Length > 0)
        {
            int written = NativeCalls.Write(descriptor, left);
            if (written >= 0)
            {
                left = left[written..];
            }
            else if (written == -NativeCalls.WouldBlock)
            {
                NativeCalls.WaitUntilWritable(descriptor);
            }
            else if (written != -NativeCalls.Interrupted)
            {
                return;
            }
        }
    }
}
