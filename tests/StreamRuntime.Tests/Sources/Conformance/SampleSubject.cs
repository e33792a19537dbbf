using StreamRuntime.Sources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Conformance;

namespace StreamRuntime.Tests.Sources.Conformance;

/// <summary>The generator, which sends its own rows and nothing else.</summary>
internal sealed class SampleSubject : SourceUnderTest
{
    private const int Seed = 20_261_121;

    public override SourceAbilities Abilities => SourceAbilities.None;

    public override ValueTask<OpenedSource> OpenAsync(SourceScript script) =>
        new(new OpenedSource(new SampleRowSource(script.Rows.Count, script.Rows is [{ } first, ..] ? first.Length : SampleRowSource.SmallestRowBytes, Seed)));

    // By one receive that makes them all, which is another way than the streams under test go.
    public override IReadOnlyList<string> MakeRows(int count, int bytes)
    {
        var options = new JsonRowStreamOptions { MaxBufferedBytes = 16 * 1024 * 1024 };
        JsonRowStream all = JsonRowStream.Create(new SampleRowSource(count, bytes, Seed, batchBytes: options.MaxBufferedBytes), options);
        return count > 0 && all.ReadBatchAsync().AsTask().GetAwaiter().GetResult() ? [.. Streams.Rows.Of(all)] : [];
    }
}
