using System.Collections.Concurrent;

namespace StreamRuntime.TestKit.Processes;

/// <summary>
/// One thread that starts every child process. Linux sends a parent-death signal when the <em>thread</em> that forked ends, so a child
/// started from the pool would die with an idle pool thread; this thread lives as long as the test host.
/// </summary>
internal static class LaunchThread
{
    private static readonly BlockingCollection<Action> Work = Start();

    public static Task<T> RunAsync<T>(Func<T> start)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Work.Add(() =>
        {
            try
            {
                done.SetResult(start());
            }
#pragma warning disable CA1031 // The caller awaits the task and gets whatever it was.
            catch (Exception e)
#pragma warning restore CA1031
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    private static BlockingCollection<Action> Start()
    {
        var work = new BlockingCollection<Action>();
        var thread = new Thread(() =>
        {
            foreach (Action action in work.GetConsumingEnumerable())
            {
                action();
            }
        })
        {
            IsBackground = true,
            Name = "test process launcher",
        };
        thread.Start();
        return work;
    }
}
