namespace StreamRuntime.Streams;

/// <summary>Calls back after collections; once it is old itself, which two of them make it, after full ones only.</summary>
/// <remarks>Nobody holds it. Its finalizer is the call, on the runtime's thread for those, and brings it back to life for the next.</remarks>
internal sealed class AfterFullCollection
{
    private readonly Action _callback;

    private AfterFullCollection(Action callback) => _callback = callback;

    ~AfterFullCollection()
    {
        if (!Environment.HasShutdownStarted)
        {
            _callback();
            GC.ReRegisterForFinalize(this);
        }
    }

    /// <param name="callback">Quick, and throws nothing: an exception there ends the process.</param>
    public static void Call(Action callback) => _ = new AfterFullCollection(callback);
}
