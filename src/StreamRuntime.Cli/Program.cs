using System.Reflection;
using StreamRuntime;
using StreamRuntime.Cli.Arguments;
using StreamRuntime.Cli.Demonstrations;
using StreamRuntime.Cli.Exports;
using StreamRuntime.Cli.Queries;
using StreamRuntime.Cli.Serving;
using StreamRuntime.Cli.Sources;
using StreamRuntime.Cli.Terminals;
using StreamRuntime.Cli.Watching;
using StreamRuntime.Postgres;

const string Overview = """
    streamrt streams query results as JSON rows, with pause and resume.

    usage: streamrt COMMAND [options]

    commands:
      demo    shows streaming, pausing and resuming on sample rows, no server needed
      query   streams the rows of a query to standard output
      export  writes a table to a file or several, over several backends at the same time
      serve   publishes queries over HTTP and WebSockets
      top     shows what the streams and connections of a running process do

    'streamrt COMMAND --help' says more.

    """;

try
{
    switch (args.Length > 0 ? args[0] : "")
    {
        case "query":
            return Read(QueryOptions.Command) is { } query ? await QueryCommand.RunAsync(QueryOptions.From(query)).ConfigureAwait(false) : ExitCode.Done;
        case "export":
            return Read(ExportOptions.Command) is { } export ? await ExportCommand.RunAsync(ExportOptions.From(export)).ConfigureAwait(false) : ExitCode.Done;
        case "demo":
            return Read(DemoCommand.Command) is { } demo ? await DemoCommand.RunAsync(demo).ConfigureAwait(false) : ExitCode.Done;
        case "serve":
            return Read(ServeOptions.Command) is { } serve ? await ServeCommand.RunAsync(serve).ConfigureAwait(false) : ExitCode.Done;
        case "top":
            return Read(TopOptions.Command) is { } top ? await TopCommand.RunAsync(TopOptions.From(top)).ConfigureAwait(false) : ExitCode.Done;
        case "--help" or "-h" or "-?" or "help":
            StandardStreams.WriteOutput(Overview);
            return ExitCode.Done;
        case "--version":
            StandardStreams.WriteOutput(Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion + "\n");
            return ExitCode.Done;
        case "":
            StandardStreams.WriteError(Overview);
            return ExitCode.WrongUsage;
        case var other:
            string? meant = Suggestion.For(other, ["demo", "query", "export", "serve", "top"]);
            throw new UsageException($"'{other}' is not a command. " + (meant is null ? "Commands are demo, query, export, serve and top." : $"Did you mean '{meant}'?"));
    }
}
catch (UsageException failure)
{
    StandardStreams.WriteErrorLine($"streamrt: {failure.Message}");
    StandardStreams.WriteErrorLine($"'streamrt {(args.Length > 0 && args[0] is "query" or "export" or "demo" or "serve" or "top" ? args[0] + " " : "")}--help' says what is allowed.");
    return ExitCode.WrongUsage;
}
catch (QueryException failure)
{
    StandardStreams.WriteErrorLine($"streamrt: {failure.Message}");
    return ExitCode.Failed;
}
catch (PostgresServerException failure)
{
    StandardStreams.WriteErrorLine($"streamrt: {ServerErrorReport.Format(failure.ServerMessage)}");
    return ExitCode.Failed;
}
catch (StreamRuntimeException failure)
{
    StandardStreams.WriteErrorLine($"streamrt: {failure.Message}");
    return failure.Kind == ErrorKind.Configuration ? ExitCode.WrongUsage : ExitCode.Failed;
}
catch (DestinationException failure)
{
    StandardStreams.WriteErrorLine($"streamrt: {failure.Message}");
    return ExitCode.Failed;
}

// Null when help was asked for, and given.
ParsedArguments? Read(CommandSpec command)
{
    var arguments = ParsedArguments.Parse(command, args.AsSpan(1));
    if (!arguments.WantsHelp)
    {
        return arguments;
    }

    StandardStreams.WriteOutput(command.FormatHelp());
    return null;
}
