namespace StreamRuntime.Postgres.Transport;

/// <summary>Looks at every stream that has a low-water mark, once a tick, on one thread for the whole process.</summary>
/// <remarks>
/// A thread and not a timer: a timer's callback wakes a worker of the thread pool, which then spins for its next work. At a tick of a few milliseconds
/// that measured as 40 % of what a whole stream cost. The thread sleeps while no stream has a mark.
/// </remarks>
internal static class BulkReceiveWatch
{
    /// <summary>How often a stream is looked at.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(2);

    private static readonly Lock ListLock = new();
    private static readonly List<BulkReceiveStream> Watched = [];
    private static readonly AutoResetEvent Work = new(initialState: false);
    private static bool s_started;
    private static bool s_idle;

    /// <summary>Looks at a stream for as long as it is in bulk; the stream said so before it calls.</summary>
    public static void Add(BulkReceiveStream stream)
    {
        lock (ListLock)
        {
            if (!Watched.Contains(stream))
            {
                Watched.Add(stream);
            }

            if (!s_started)
            {
                s_started = true;
                new Thread(Run, maxStackSize: 256 * 1024) { IsBackground = true, Name = "receive marks" }.UnsafeStart();
            }
            else if (s_idle)
            {
                s_idle = false;
                Work.Set();
            }
        }
    }

    private static void Run()
    {
        List<BulkReceiveStream> looked = [];
        while (true)
        {
            looked.Clear();
            lock (ListLock)
            {
                // Only here, where no stream can become bulk and find itself on the list that it is then taken from.
                Watched.RemoveAll(static stream => !stream.IsBulk);
                looked.AddRange(Watched);
                s_idle = looked.Count == 0;
            }

            // A whole tick lies between a stream's start and the first look at it.
            Work.WaitOne(looked.Count == 0 ? Timeout.InfiniteTimeSpan : Tick);
            foreach (BulkReceiveStream stream in looked)
            {
                stream.Look();
            }
        }
    }
}
