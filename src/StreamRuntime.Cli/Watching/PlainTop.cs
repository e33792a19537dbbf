using System.Text;
using StreamRuntime.Cli.Progress;
using StreamRuntime.Cli.Terminals;

namespace StreamRuntime.Cli.Watching;

/// <summary>For a file or a log: a few lines a refresh, and an empty one.</summary>
internal sealed class PlainTop(int processId) : TopDisplay
{
    private readonly Destination _output = Destination.StandardOutput();

    public override void Show(Refresh refresh)
    {
        var text = new StringBuilder().Append(TopText.Process(processId, refresh)).Append('\n').Append(TopText.Sums(refresh)).Append('\n');
        foreach (PoolFigures pool in refresh.Now.Pools)
        {
            text.Append(TopText.Pool(pool)).Append('\n');
        }

        foreach (StreamFigures s in TopText.Order(refresh))
        {
            text.Append($"stream {s.Id} {TopText.Clean(s.Name)}: {s.State}, {Measure.Count(refresh.RowsPerSecondOf(s))} rows/s, {TopText.Megabytes(refresh.BytesPerSecondOf(s))} MB/s, ")
                .Append($"{Measure.Bytes(s.BufferedBytes)} buffered, {Measure.Count(s.Rows)} rows, {Measure.Bytes(s.Bytes)}, {TopText.Time(s.ElapsedMs)}");
            if (s.IsPaused)
            {
                text.Append(", paused for ").Append(TopText.Pause(s));
            }

            text.Append('\n');
        }

        if (refresh.StreamsLeftOut > 0)
        {
            text.Append($"and {Measure.Count(refresh.StreamsLeftOut)} streams more\n");
        }

        _output.Write(Encoding.UTF8.GetBytes(text.Append('\n').ToString()));
        _output.Flush();
    }

    public override void Dispose() => _output.Dispose();
}
