using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Micro;

/// <summary>One round of a suite that measures inside its process: a line of JSON on standard output for every case.</summary>
internal static class MicroProgram
{
    public static int Run(string[] arguments)
    {
        if (MicroOptions.TryParse(arguments) is not { } options)
        {
            Console.Error.WriteLine("usage: micro SUITE ROWS ROUND [-Quick]");
            return 2;
        }

        if (AllSuites.Find(options.Suite) is not MicroSuite suite)
        {
            throw new RunException($"The suite {options.Suite} does not measure inside its process.", exitCode: 2);
        }

        foreach (CaseFigures found in suite.Measure(options))
        {
            Console.WriteLine(MicroLine.Format(found));
        }

        return 0;
    }
}
