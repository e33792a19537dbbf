using StreamRuntime.Benchmarks.Clients;
using StreamRuntime.Benchmarks.Gate;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Replay;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Benchmarks.Workers;

// The runner starts itself again as one of the clients it measures.
if (args is ["client", .. string[] client])
{
    return await ClientProgram.RunAsync(client);
}

if (args is [ReplayProgram.Name, .. string[] replay])
{
    return await ReplayProgram.RunAsync(replay);
}

if (args is ["self-check"])
{
    SelfCheckProgram.Run(Console.Out);
    return 0;
}

// And as one of the two builds it compares. Whatever a suite prints is no answer.
if (args is ["worker", .. string[] worker])
{
    TextWriter answers = Console.Out;
    Console.SetOut(Console.Error);
    return await WorkerProgram.RunAsync(worker, Console.In, answers);
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

    if (options.Against is not null)
    {
        return await GateRun.RunAsync(options, Console.Out);
    }

    await SuiteRunner.RunAsync(options);
    return 0;
}
catch (RunException failure)
{
    Console.Error.WriteLine(failure.Message);
    return failure.ExitCode;
}
