using System.Text;
using StreamRuntime.Sources;
using StreamRuntime.TestKit.Conformance;

namespace StreamRuntime.Tests.Sources.Conformance;

/// <summary>Lines in memory.</summary>
internal sealed class NdjsonMemorySubject : SourceUnderTest
{
    public override SourceAbilities Abilities => SourceAbilities.AnyRows;

    public override ValueTask<OpenedSource> OpenAsync(SourceScript script) => new(new OpenedSource(NdjsonRowSource.FromMemory(Bytes(script))));

    public static byte[] Bytes(SourceScript script) => Encoding.UTF8.GetBytes(string.Concat(script.Rows.Select(row => row + "\n")));
}

/// <summary>Lines in a file.</summary>
internal sealed class NdjsonFileSubject : SourceUnderTest
{
    public override SourceAbilities Abilities => SourceAbilities.AnyRows;

    public override async ValueTask<OpenedSource> OpenAsync(SourceScript script)
    {
        string file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, NdjsonMemorySubject.Bytes(script));
        return new OpenedSource(NdjsonRowSource.FromFile(file, script.Options.MaxBufferedBytes))
        {
            CloseAsync = () =>
            {
                File.Delete(file);
                return default;
            },
        };
    }
}

/// <summary>Lines that come through a pipe, read as a pipe or as a stream.</summary>
internal sealed class NdjsonPipeSubject(bool asStream) : SourceUnderTest
{
    public override SourceAbilities Abilities => SourceAbilities.All & ~SourceAbilities.NullRows;

    public override ValueTask<OpenedSource> OpenAsync(SourceScript script)
    {
        var lines = new ScriptedLines(script);
        return new(new OpenedSource(asStream ? NdjsonRowSource.FromStream(lines.Reader.AsStream(), script.Options.MaxBufferedBytes) : NdjsonRowSource.FromPipe(lines.Reader))
        {
            GoOn = lines.GoOn,
            Receives = lines.Receives,
            IsLetGo = () => lines.Reader.IsCompleted,
            CloseAsync = lines.DisposeAsync,
        });
    }
}
