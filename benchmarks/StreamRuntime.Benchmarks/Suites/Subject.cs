namespace StreamRuntime.Benchmarks.Suites;

/// <summary>Who is compared in the suites that run in one process.</summary>
internal static class Subject
{
    /// <summary>The product: <see cref="StreamRuntime.Streams.JsonRowStream"/>, its state in one byte and its gate made at the first pause.</summary>
    public const string OneByte = "one byte";

    /// <summary>The product, over a stream instead of the memory itself.</summary>
    public const string OneByteOverStream = "one byte, over a MemoryStream";

    public const string LazyGate = "lazy gate, locked state";

    public const string EagerGate = "eager gate";

    public const string PlainByteRead = "plain byte read";

    public const string Lock = "lock";

    public const string Semaphore = "SemaphoreSlim";

    public const string BareSource = "bare source";

    public const string BareLoop = "bare loop";
}
