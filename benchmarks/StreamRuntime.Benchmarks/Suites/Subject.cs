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

    public const string CompareAndSwap = "compare-and-swap";

    public const string ClockAndCompare = "clock read and compare";

    /// <summary>The product's: the byte of a connection's state alone.</summary>
    public const string KeepAliveByte = "keep-alive byte";

    /// <summary>The product's: the whole of it, with deadline, times in each state and counts.</summary>
    public const string KeepAlive = "keep-alive";

    public const string ThousandEntries = "1,000 entries";

    public const string MillionEntries = "1,000,000 entries";

    public const string MillionEntriesAny = "1,000,000 entries, any of them";

    public const string NpgsqlPool = "Npgsql, one connection object";

    public const string NpgsqlPoolNewObject = "Npgsql, a new connection object";

    public const string OurPool = "pool";

    public const string OurPoolReset = "pool, sessions reset";

    public const string NpgsqlReset = "Npgsql, sessions reset";

    public const string BareSource = "bare source";

    public const string BareLoop = "bare loop";
}
