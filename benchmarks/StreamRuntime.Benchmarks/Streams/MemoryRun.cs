using System.Globalization;
using StreamRuntime.Benchmarks.Designs;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Streams;

/// <summary>Rows from memory to a sink: how many, how large, and what becomes of them.</summary>
/// <param name="Rows">How many.</param>
/// <param name="RowBytes">The size of each, without its line feed.</param>
/// <param name="Format">The format they are written in; null reads batches and hands each row over.</param>
internal sealed record MemoryRun(int Rows, int RowBytes, RowFormat? Format)
{
    private const int MostRowsOfOlderDesigns = 100_000;

    private static readonly int[] RowCounts = [1_000, 10_000, 50_000, MostRowsOfOlderDesigns, 1_000_000];
    private static readonly RowFormat?[] Formats = [null, RowFormat.Ndjson, RowFormat.JsonArray, RowFormat.ServerSentEvents];

    /// <summary>Every situation, those of equal rows together and in order of their number, so that one piece of memory serves all of them.</summary>
    public static IReadOnlyList<MemoryRun> All { get; } =
    [
        .. from size in new[] { SampleRows.SmallRowBytes, SampleRows.LargeRowBytes }
           from rows in RowCounts
           from format in Formats
           select new MemoryRun(rows, size, format),
    ];

    public string Name => string.Create(CultureInfo.InvariantCulture, $"{Rows:#,0} rows of {SizeName}, {FormatName}");

    /// <summary>The designs differ in what a stream costs as a whole, which shows most in the shortest; formats are written at a length that settles.</summary>
    public bool IsQuick => RowBytes == SampleRows.SmallRowBytes && (Rows == 100_000 || (Rows == 1_000 && Format is null));

    private string SizeName => RowBytes == SampleRows.LargeRowBytes ? "2 KB" : $"{RowBytes} B";

    private string FormatName => Format switch
    {
        null => "batches",
        RowFormat.Ndjson => "NDJSON",
        RowFormat.JsonArray => "JSON array",
        _ => "events",
    };

    /// <summary>Who takes part.</summary>
    /// <param name="lines">At least as many rows as the run reads.</param>
    /// <param name="isQuick">True leaves out what only a whole comparison needs.</param>
    public IReadOnlyList<TimedRun> Subjects(ReadOnlyMemory<byte> lines, bool isQuick)
    {
        lines = lines[..(Rows * (RowBytes + 1))];
        List<TimedRun> runs =
        [
            Format is { } written ? Writing(Subject.BareLoop, to => BareLoop.Write(lines.Span, to, written)) : Reading(Subject.BareLoop, to => BareLoop.Walk(lines.Span, to)),
            OfProduct(Subject.OneByte, () => SampleRows.FromMemory(lines)),
        ];
        if (!isQuick)
        {
            runs.Add(OfProduct(Subject.OneByteOverStream, () => SampleRows.FromStream(lines)));
        }

        if (Format is null && Rows <= (isQuick ? 1_000 : MostRowsOfOlderDesigns))
        {
            runs.Add(Reading(Subject.LazyGate, to => Read(LockedRowStream.Create(SampleRows.FromMemory(lines), GateCreation.Lazy), to)));
            runs.Add(Reading(Subject.EagerGate, to => Read(LockedRowStream.Create(SampleRows.FromMemory(lines), GateCreation.Eager), to)));
        }

        return runs;
    }

    private TimedRun OfProduct(string subject, Func<IRowSource> source) => Format is { } format
        ? Writing(subject, to => Write(JsonRowStream.Create(source()), to, format))
        : Reading(subject, to => Read(JsonRowStream.Create(source()), to));

    private TimedRun Reading(string subject, Action<RowSink> read) => new(subject, Rows, () =>
    {
        var sink = new RowSink();
        read(sink);
        Check(subject, sink.Rows, sink.Bytes, (long)Rows * RowBytes);
    });

    private TimedRun Writing(string subject, Func<Stream, long> write) => new(subject, Rows, () =>
    {
        var destination = new CountingStream();
        Check(subject, write(destination), destination.Length, WrittenBytes());
    });

    private static void Read(JsonRowStream stream, RowSink to)
    {
        while (Completed.Now(stream.ReadBatchAsync()))
        {
            foreach (JsonRow row in stream.CurrentBatch)
            {
                to.Take(row.Span);
            }
        }

        Completed.Now(stream.DisposeAsync());
    }

    private static void Read(LockedRowStream stream, RowSink to)
    {
        while (Completed.Now(stream.ReadBatchAsync()))
        {
            foreach (JsonRow row in stream.CurrentBatch)
            {
                to.Take(row.Span);
            }
        }

        Completed.Now(stream.DisposeAsync());
    }

    private static long Write(JsonRowStream stream, Stream to, RowFormat format)
    {
        long rows = Completed.Now(stream.CopyToAsync(to, format));
        Completed.Now(stream.DisposeAsync());
        return rows;
    }

    private long WrittenBytes() => Format switch
    {
        RowFormat.Ndjson => Rows * (RowBytes + 1L),
        RowFormat.JsonArray => "[]\n".Length + Rows * (RowBytes + 2L) - 2,
        _ => Rows * (RowBytes + 8L) + "event: complete\ndata: {\"rows\":}\n\n".Length + Rows.ToString(CultureInfo.InvariantCulture).Length,
    };

    private void Check(string subject, long rows, long bytes, long expectedBytes)
    {
        if (rows != Rows || bytes != expectedBytes)
        {
            throw new RunException($"{Name}: {subject} passed on {rows} rows in {bytes} bytes, not {Rows} in {expectedBytes}.");
        }
    }
}
