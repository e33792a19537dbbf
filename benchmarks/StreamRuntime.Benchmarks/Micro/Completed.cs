namespace StreamRuntime.Benchmarks.Micro;

/// <summary>Over memory everything completes at once, so that a whole run stays on the thread that is measured.</summary>
internal static class Completed
{
    public static T Now<T>(ValueTask<T> task)
    {
        if (!task.IsCompleted)
        {
            ThrowPending();
        }

        return task.GetAwaiter().GetResult();
    }

    public static void Now(ValueTask task)
    {
        if (!task.IsCompleted)
        {
            ThrowPending();
        }

        task.GetAwaiter().GetResult();
    }

    private static void ThrowPending() => throw new InvalidOperationException("What was to complete at once is still under way.");
}
