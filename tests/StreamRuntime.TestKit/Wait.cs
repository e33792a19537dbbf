using System.Diagnostics;

namespace StreamRuntime.TestKit;

/// <summary>Waits for what only polling can see: another process, the kernel, a server's own statistics.</summary>
public static class Wait
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(10);

    /// <summary>Returns as soon as the condition holds.</summary>
    /// <param name="condition">Looked at about every 10 ms.</param>
    /// <param name="atMost">How long to wait.</param>
    /// <param name="what">What was waited for, for the message.</param>
    /// <exception cref="TimeoutException">It did not hold in time.</exception>
    public static Task UntilAsync(Func<bool> condition, TimeSpan atMost, string what) =>
        UntilAsync(() => Task.FromResult(condition()), atMost, what);

    /// <inheritdoc cref="UntilAsync(Func{bool}, TimeSpan, string)"/>
    public static async Task UntilAsync(Func<Task<bool>> condition, TimeSpan atMost, string what)
    {
        var waited = Stopwatch.StartNew();
        for (int looks = 1; !await condition(); looks++)
        {
            if (waited.Elapsed >= atMost)
            {
                throw new TimeoutException($"Waited {atMost.TotalSeconds} s ({looks} looks) and it never held: {what}.");
            }

            await Task.Delay(Between);
        }
    }
}
