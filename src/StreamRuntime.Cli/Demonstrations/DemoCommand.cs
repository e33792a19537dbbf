using StreamRuntime.Cli.Arguments;
using StreamRuntime.Cli.Terminals;

namespace StreamRuntime.Cli.Demonstrations;

/// <summary><c>streamrt demo</c>: shows what a pause does, and checks it.</summary>
internal static class DemoCommand
{
    private const long SampleRows = 1_000_000;
    private const long PostgresRows = 500_000;
    private const int RowBytes = 200;

    public static CommandSpec Command { get; } = new(
        "demo",
        "streamrt demo [--postgres]",
        "Streams rows, pauses in the middle, resumes, and shows what that cost and proved.",
        [new("--postgres", null, "from a private, throw-away PostgreSQL, made from the programs installed here")],
        "Without --postgres no server is needed. Takes about ten seconds. Exits with 1 if anything it checks does not hold.");

    public static async Task<int> RunAsync(ParsedArguments arguments)
    {
        if (arguments.Others.Count > 0)
        {
            throw new UsageException($"'streamrt demo' takes no '{arguments.Others[0]}'.");
        }

        using var interruption = new Interruption();
        try
        {
            if (!arguments.Has("--postgres"))
            {
                await using var sample = new SampleDemoSource(SampleRows, RowBytes);
                return await PauseDemo.RunAsync(sample, SampleRows, interruption.Token) ? ExitCode.Done : ExitCode.Failed;
            }

            StandardStreams.WriteErrorLine("Making a private PostgreSQL …");
            await using PrivatePostgres server = await PrivatePostgres.StartAsync(interruption.Token);
            await using var rows = new PostgresDemoSource(server, PostgresRows);
            return await PauseDemo.RunAsync(rows, PostgresRows, interruption.Token) ? ExitCode.Done : ExitCode.Failed;
        }
        catch (Exception) when (interruption.IsRequested)
        {
            // Whatever it was, it came from being told to stop.
            return ExitCode.Interrupted;
        }
    }
}
