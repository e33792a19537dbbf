using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Sources;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>The process that is measured by <see cref="SelfCheckSuite"/>; it measures itself.</summary>
internal static class SelfCheckProgram
{
    /// <summary>The subject that can be made dearer.</summary>
    public const string Planted = "planted";

    /// <summary>How many per cent more work each step of the planted case does.</summary>
    public const string SlowerVariable = "STREAMRUNTIME_SELFCHECK_SLOWER_PERCENT";

    /// <summary>How many objects each step of the planted case allocates.</summary>
    public const string ObjectsVariable = "STREAMRUNTIME_SELFCHECK_OBJECTS";

    public const int Steps = 400_000;
    public const int Rows = 400_000;

    private const int MixesOfAStep = 100;
    private const int WarmUpPart = 10;

    public static void Run(TextWriter output)
    {
        int slower = Read(SlowerVariable);
        int objects = Read(ObjectsVariable);
        CaseFigures[] found =
        [
            Measure("loop", "steady", Steps, steps => Loop(steps, MixesOfAStep, 0)),
            Measure("loop", Planted, Steps, steps => Loop(steps, MixesOfAStep * (100 + slower) / 100, objects)),
            Measure("rows", "library", Rows, ReadRows),
        ];
        output.WriteLine(JsonSerializer.Serialize(found, JsonSerializerOptions.Web));
    }

    private static int Read(string variable) => int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : 0;

    private static CaseFigures Measure(string situation, string subject, int count, Action<int> run)
    {
        run(count / WarmUpPart);
        long bytesBefore = GC.GetAllocatedBytesForCurrentThread();
        TimeSpan before = Environment.CpuUsage.TotalTime;
        run(count);
        TimeSpan took = Environment.CpuUsage.TotalTime - before;
        long bytes = GC.GetAllocatedBytesForCurrentThread() - bytesBefore;
        var figures = new Dictionary<string, double> { [Figure.CpuNs] = took.TotalNanoseconds / count, [Figure.AllocatedBytes] = (double)bytes / count };
        return new CaseFigures(situation, subject, figures, HasExactBytes: true);
    }

    private static void Loop(int steps, int mixes, int objects)
    {
        ulong mixed = 1;
        for (int i = 0; i < steps; i++)
        {
            for (int m = 0; m < mixes; m++)
            {
                mixed = (mixed * 6364136223846793005) + 1442695040888963407;
            }

            for (int o = 0; o < objects; o++)
            {
                GC.KeepAlive(new object());
            }
        }

        Use(mixed);
    }

    // Everything is in memory, so no read ever waits and all of it happens on this thread.
    private static void ReadRows(int rows)
    {
        var stream = JsonRowStream.Create(new SampleRowSource(rows));
        long bytes = 0;
        while (stream.ReadBatchAsync().AsTask().GetAwaiter().GetResult())
        {
            foreach (JsonRow row in stream.CurrentBatch)
            {
                bytes += row.Length;
            }
        }

        stream.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Use((ulong)bytes);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Use(ulong value) => GC.KeepAlive(value);
}
