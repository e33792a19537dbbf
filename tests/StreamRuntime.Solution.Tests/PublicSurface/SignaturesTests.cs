namespace StreamRuntime.Solution.Tests.PublicSurface;

public sealed class SignaturesTests
{
    [Fact]
    public void Of_SampleTypes_ListsWhatCanBeSeen()
    {
        Type[] sample = [typeof(Sample<>), typeof(SampleOptions), typeof(SampleValue), typeof(ISample), typeof(SampleKind), typeof(SampleCall)];
        const string Prefix = "StreamRuntime.Solution.Tests.PublicSurface.";
        string[] expected =
        [
            "ISample.Level: int { get; }",
            "ISample: interface, IDisposable",
            "Sample<T>.Copy(T to, int count = 3, string? name = null, SampleKind kind = SampleKind.Many, CancellationToken cancellationToken = default) -> Task<string?>",
            "Sample<T>.Find(ReadOnlySpan<byte> key, out List<string?>? found) -> bool",
            "Sample<T>.Item[int index]: string { get; }",
            "Sample<T>.Make<TOther>(params TOther[] all) -> TOther? where TOther : class, new()",
            "Sample<T>.Name: string? { get; protected set; }",
            "Sample<T>.const Limit: int = 7",
            "Sample<T>.event Changed: EventHandler?",
            "Sample<T>.new()",
            "Sample<T>.override ToString() -> string",
            "Sample<T>.protected virtual OnChange() -> void",
            "Sample<T>.static op_Addition(Sample<T> left, Sample<T> right) -> Sample<T>",
            "Sample<T>: class, IAsyncDisposable where T : IDisposable",
            "Sample<T>.DisposeAsync() -> ValueTask",
            "SampleCall: delegate (int? a) -> bool",
            "SampleKind.Many = 2",
            "SampleKind.One = 1",
            "SampleKind: flags enum byte",
            "SampleOptions.Deadline: TimeSpan? { get; init; }",
            "SampleOptions.Names: IReadOnlyList<string> { get; init; }",
            "SampleOptions.new()",
            "SampleOptions.required User: string { get; init; }",
            "SampleOptions: sealed record, IEquatable<SampleOptions>",
            "SampleValue.Value: int { get; }",
            "SampleValue.new(int value)",
            "SampleValue: readonly ref struct",
        ];
        IEnumerable<string> actual = Signatures.Of(sample).Select(l => l.StartsWith(Prefix, StringComparison.Ordinal) ? l[Prefix.Length..] : l);

        // As one text, so that a failure shows whole lines.
        Assert.Equal(string.Join('\n', expected.Order(StringComparer.Ordinal)), string.Join('\n', actual));
    }
}

public interface ISample : IDisposable
{
    int Level { get; }
}

[Flags]
public enum SampleKind : byte
{
    One = 1,
    Many = 2,
}

public delegate bool SampleCall(int? a);

public class Sample<T> : IAsyncDisposable
    where T : IDisposable
{
    public const int Limit = 7;

    internal int Hidden;

    public event EventHandler? Changed;

    public string? Name { get; protected set; }

    public string this[int index] => "";

    public static Sample<T> operator +(Sample<T> left, Sample<T> right) => left;

    public Task<string?> Copy(T to, int count = 3, string? name = null, SampleKind kind = SampleKind.Many, CancellationToken cancellationToken = default) =>
        Task.FromResult(name);

    public bool Find(ReadOnlySpan<byte> key, out List<string?>? found)
    {
        found = null;
        return false;
    }

    public TOther? Make<TOther>(params TOther[] all)
        where TOther : class, new() => null;

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return default;
    }

    public override string ToString() => "";

    protected virtual void OnChange() => Changed?.Invoke(this, EventArgs.Empty);

    private protected void Inside() => Hidden++;
}

public sealed record SampleOptions
{
    public required string User { get; init; }

    public TimeSpan? Deadline { get; init; }

    public IReadOnlyList<string> Names { get; init; } = [];
}

public readonly ref struct SampleValue(int value)
{
    public int Value { get; } = value;
}
