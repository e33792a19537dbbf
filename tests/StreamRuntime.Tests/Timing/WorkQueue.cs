namespace StreamRuntime.Tests.Timing;

/// <summary>Stands in for the thread pool: keeps what is queued until it is told to run it, in any order.</summary>
internal sealed class WorkQueue
{
    private readonly List<IThreadPoolWorkItem> _items = [];

    /// <summary>Runs what is queued at once, on the thread that queues it.</summary>
    public bool IsInline { get; set; }

    public int Count => _items.Count;

    public void Add(IThreadPoolWorkItem item)
    {
        if (IsInline)
        {
            item.Execute();
        }
        else
        {
            _items.Add(item);
        }
    }

    /// <summary>Runs one of the items; nothing if there is none.</summary>
    public void Run(int which)
    {
        if (_items.Count > 0)
        {
            IThreadPoolWorkItem item = _items[which % _items.Count];
            _items.RemoveAt(which % _items.Count);
            item.Execute();
        }
    }

    public void RunAll()
    {
        while (_items.Count > 0)
        {
            Run(0);
        }
    }
}
