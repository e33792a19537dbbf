using System.Text.Json;
using StreamRuntime.Cli.Terminals;

namespace StreamRuntime.Cli.Watching;

/// <summary>One object a refresh, for scripts. Members are documented in the help; they keep their names and meanings, and new ones may be added.</summary>
internal sealed class JsonTop(int processId) : TopDisplay
{
    private readonly Destination _output = Destination.StandardOutput();

    public override void Show(Refresh refresh)
    {
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line))
        {
            Write(json, refresh);
        }

        line.WriteByte((byte)'\n');
        _output.Write(line.GetBuffer().AsSpan(0, (int)line.Length));
        _output.Flush();
    }

    public override void Dispose() => _output.Dispose();

    private void Write(Utf8JsonWriter json, Refresh refresh)
    {
        json.WriteStartObject();
        json.WriteString("time", TimeProvider.System.GetUtcNow());
        json.WriteNumber("pid", processId);
        Write(json, "intervalMs", refresh.IntervalMs);
        WriteProcess(json, refresh);
        WriteTotals(json, refresh);
        json.WriteStartArray("streams");
        foreach (StreamFigures stream in refresh.Now.Streams)
        {
            WriteStream(json, refresh, stream);
        }

        json.WriteEndArray();
        json.WriteNumber("streamsLeftOut", refresh.StreamsLeftOut);
        json.WriteStartArray("pools");
        foreach (PoolFigures pool in refresh.Now.Pools)
        {
            WritePool(json, pool);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteProcess(Utf8JsonWriter json, Refresh refresh)
    {
        ProcessFigures process = refresh.Now.Process;
        json.WriteStartObject("process");
        Write(json, "cpuPercent", refresh.CpuPercent);
        Write(json, "cpuMs", process.CpuMs);
        json.WriteNumber("processors", process.Processors);
        json.WriteNumber("workingSetBytes", process.WorkingSetBytes);
        json.WriteNumber("heapBytes", process.HeapBytes);
        json.WriteNumber("allocatedBytes", process.AllocatedBytes);
        Write(json, "allocatedBytesPerSecond", refresh.AllocatedBytesPerSecond);
        Write(json, "gcPauseMs", process.GcPauseMs);
        Write(json, "gcPausePercent", refresh.GcPausePercent);
        json.WriteNumber("gen0Collections", process.Gen0Collections);
        json.WriteNumber("gen1Collections", process.Gen1Collections);
        json.WriteNumber("gen2Collections", process.Gen2Collections);
        json.WriteNumber("threads", process.Threads);
        json.WriteNumber("queuedWorkItems", process.QueuedWorkItems);
        json.WriteEndObject();
    }

    private static void WriteTotals(Utf8JsonWriter json, Refresh refresh)
    {
        StreamSums sums = refresh.Now.Sums;
        json.WriteStartObject("totals");
        json.WriteNumber("running", sums.Running);
        json.WriteNumber("paused", sums.Paused);
        json.WriteNumber("rows", sums.Rows);
        json.WriteNumber("bytes", sums.Bytes);
        Write(json, "rowsPerSecond", refresh.RowsPerSecond);
        Write(json, "bytesPerSecond", refresh.BytesPerSecond);
        json.WriteNumber("rowsFiltered", sums.RowsFiltered);
        json.WriteNumber("pauses", sums.Pauses);
        Write(json, "pausedMs", sums.PausedMs);
        json.WriteNumber("bufferedBytes", sums.BufferedBytes);
        json.WriteEndObject();
    }

    private static void WriteStream(Utf8JsonWriter json, Refresh refresh, StreamFigures stream)
    {
        json.WriteStartObject();
        json.WriteNumber("id", stream.Id);
        json.WriteString("name", stream.Name);
        json.WriteString("state", stream.State);
        json.WriteNumber("rows", stream.Rows);
        json.WriteNumber("bytes", stream.Bytes);
        Write(json, "rowsPerSecond", refresh.RowsPerSecondOf(stream));
        Write(json, "bytesPerSecond", refresh.BytesPerSecondOf(stream));
        json.WriteNumber("rowsFiltered", stream.RowsFiltered);
        json.WriteNumber("bufferedBytes", stream.BufferedBytes);
        json.WriteNumber("pauses", stream.Pauses);
        Write(json, "pausedMs", stream.PausedMs);
        if (stream.IsPaused)
        {
            Write(json, "pausedForMs", stream.CurrentPauseMs);
            json.WriteString("pauseReason", stream.PauseReason);
        }
        else
        {
            json.WriteNull("pausedForMs");
            json.WriteNull("pauseReason");
        }

        Write(json, "waitingMs", stream.WaitingMs);
        Write(json, "elapsedMs", stream.ElapsedMs);
        json.WriteEndObject();
    }

    private static void WritePool(Utf8JsonWriter json, PoolFigures pool)
    {
        json.WriteStartObject();
        json.WriteString("name", pool.Name);
        json.WriteNumber("leased", pool.Leased);
        json.WriteNumber("idle", pool.Idle);
        json.WriteNumber("opening", pool.Opening);
        json.WriteNumber("closing", pool.Closing);
        json.WriteNumber("waiting", pool.Waiting);
        json.WriteNumber("max", pool.Max);
        json.WriteNumber("leases", pool.Leases);
        json.WriteNumber("opened", pool.Opened);
        json.WriteNumber("openFailures", pool.OpenFailures);
        json.WriteNumber("timeouts", pool.Timeouts);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, double number) => json.WriteNumber(name, Math.Round(number, 3));
}
