namespace StreamRuntime.Streams;

/// <summary>A part of the list of live streams, with a lock of its own, which guards every field.</summary>
/// <remarks>
/// A place holds a young stream, or the <see cref="OldStream"/> that stands for one, or nothing and the number of the next free place. Inside the lock only streams' gates
/// are locked, and nobody who holds a gate comes here.
/// </remarks>
/// <param name="number">Which part it is; from 0 on.</param>
/// <param name="count">How many there are, a power of two.</param>
internal sealed class LiveStreamStripe(int number, int count)
{
    private const int FewestPlaces = 16;
    private const int MostPlacesKept = 1024;
    private const int None = -1;

    private readonly Lock _lock = new();
    private Place[] _places = new Place[FewestPlaces];
    private int _used;
    private int _firstFree = None;
    private int _live;
    private int _added;
    private StreamTotals _ended;

    public void Add(JsonRowStream stream)
    {
        lock (_lock)
        {
            int at = _firstFree;
            if (at != None)
            {
                _firstFree = _places[at].NextFree;
            }
            else
            {
                at = _used++;
                if (at == _places.Length)
                {
                    Array.Resize(ref _places, at * 2);
                }
            }

            _live++;
            stream.Id = (++_added * count + number) & int.MaxValue;
            stream.Place = at * count + number;
            _places[at].Entry = stream;
        }
    }

    /// <param name="stream">One that was added here.</param>
    /// <param name="done">What it has done.</param>
    public void Remove(JsonRowStream stream, in StreamTotals done)
    {
        lock (_lock)
        {
            _ended.AddDone(done);
            FreeLocked(stream.Place / count);
        }
    }

    public void AddTo(ref StreamTotals totals)
    {
        lock (_lock)
        {
            for (int at = 0; at < _used; at++)
            {
                switch (_places[at].Entry)
                {
                    case JsonRowStream stream:
                        stream.AddTo(ref totals);
                        break;
                    case OldStream { Stream: { } stream } old:
                        old.Seen = default;
                        stream.AddTo(ref old.Seen);
                        totals.Add(old.Seen);
                        break;
                    case OldStream dropped:
                        DropLocked(at, dropped);
                        break;
                }
            }

            totals.Add(_ended);
        }
    }

    public void CopyTo(List<JsonRowStream> streams)
    {
        lock (_lock)
        {
            for (int at = 0; at < _used; at++)
            {
                if (_places[at].Entry is var entry && (entry as JsonRowStream ?? (entry as OldStream)?.Stream) is { } stream)
                {
                    streams.Add(stream);
                }
            }
        }
    }

    /// <summary>Holds streams weakly that have become old, and forgets those that nobody else holds any more.</summary>
    public void Age()
    {
        lock (_lock)
        {
            for (int at = 0; at < _used; at++)
            {
                switch (_places[at].Entry)
                {
                    case JsonRowStream stream when GC.GetGeneration(stream) == GC.MaxGeneration:
                        var made = new OldStream(stream);
                        stream.AddTo(ref made.Seen);
                        _places[at].Entry = made;
                        break;
                    case OldStream { Stream: null } dropped:
                        DropLocked(at, dropped);
                        break;
                }
            }
        }
    }

    // What it did after it was last looked at is not known.
    private void DropLocked(int at, OldStream dropped)
    {
        _ended.AddDone(dropped.Seen);
        FreeLocked(at);
    }

    private void FreeLocked(int at)
    {
        _live--;
        if (_live == 0 && _places.Length > MostPlacesKept)
        {
            // Room for many is not kept for few.
            _places = new Place[FewestPlaces];
            _used = 0;
            _firstFree = None;
            return;
        }

        _places[at] = new Place { NextFree = _firstFree };
        _firstFree = at;
    }

    private struct Place
    {
        public object? Entry;
        public int NextFree;
    }

    /// <summary>Stands for a stream without keeping it alive.</summary>
    private sealed class OldStream(JsonRowStream stream) : WeakReference(stream)
    {
        /// <summary>What it had done when it was last looked at.</summary>
        public StreamTotals Seen;

        public JsonRowStream? Stream => (JsonRowStream?)Target;
    }
}
