namespace StreamRuntime.Benchmarks.Designs;

/// <summary>When a <see cref="LockedRowStream"/> makes its pause machinery.</summary>
internal enum GateCreation : byte
{
    /// <summary>With the stream: every stream carries it, paused or not.</summary>
    Eager = 0,

    /// <summary>At the first pause.</summary>
    Lazy = 1,
}
