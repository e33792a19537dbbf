using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using StreamRuntime.Diagnostics;
using StreamRuntime.Sources;
using StreamRuntime.Streams;

namespace StreamRuntime.Tests.Diagnostics;

/// <summary>What listening costs a stream's rows: nothing.</summary>
[Collection(AloneCollection.Name)]
public sealed class ListenedRowsTests
{
    private const int RowCount = 1_000_000;

    // First row and end; started, completed.
    private const int MostMeasurements = 2;
    private const int MostEvents = 2;

    [Fact]
    public void MillionRows_WithEverybodyListening_AreNotMeasuredOneByOne_NorAllocateMore()
    {
        // Once for what the first call of anything allocates.
        ReadAll();
        long quiet = ReadAll();
        using var meters = new CountingMeters();
        using var events = new EventRecorder(RuntimeEvents.StreamKeyword);
        ReadAll();
        meters.Count = 0;
        int eventsBefore = events.Count;

        long listened = ReadAll();

        Assert.InRange(meters.Count, 1, MostMeasurements);
        Assert.InRange(events.Count - eventsBefore, 1, MostEvents);

        // A few events' worth, whatever the number of rows.
        Assert.InRange(listened - quiet, 0, 16 * 1024);
    }

    // Every receive of the sample source completes synchronously, so all of it runs on the thread whose allocation is counted.
    private static long ReadAll()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        JsonRowStream stream = JsonRowStream.Create(new SampleRowSource(RowCount));
        while (Now(stream.ReadBatchAsync()))
        {
        }

        Assert.Equal((StreamState.Complete, RowCount), (stream.State, stream.GetStatistics().RowsDelivered));
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static T Now<T>(ValueTask<T> task)
    {
        Assert.True(task.IsCompleted);
        return task.GetAwaiter().GetResult();
    }

    private sealed class CountingMeters : IDisposable
    {
        private readonly MeterListener _listener = new()
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == RuntimeMeter.Name)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };

        public CountingMeters()
        {
            _listener.SetMeasurementEventCallback<long>((_, _, _, _) => Count++);
            _listener.SetMeasurementEventCallback<int>((_, _, _, _) => Count++);
            _listener.SetMeasurementEventCallback<double>((_, _, _, _) => Count++);
            _listener.Start();
        }

        public int Count { get; set; }

        public void Dispose() => _listener.Dispose();
    }
}
