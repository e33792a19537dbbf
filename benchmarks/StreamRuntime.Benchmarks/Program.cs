using StreamRuntime.Benchmarks.Clients;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Replay;
using StreamRuntime.Benchmarks.Suites;

// The runner starts itself again as one of the clients it measures.
if (args is ["client", .. string[] client])
{
    return await ClientProgram.RunAsync(client);
}

if (args is [ReplayProgram.Name, .. string[] replay])
{
    return await ReplayProgram.RunAsync(replay);
}

try
{
    // Or to measure one round of a suite in a process that nothing ran in before.
    if (args is ["micro", .. string[] round])
    {
        return MicroProgram.Run(round);
    }

    var options = RunOptions.Parse(args);
    if (options.WantsHelp)
    {
        Console.WriteLine(RunOptions.Help);
        return 0;
    }

    await SuiteRunner.RunAsync(options);
    return 0;
}
catch (RunException failure)
{
    Console.Error.WriteLine(failure.Message);
    return failure.ExitCode;
}
