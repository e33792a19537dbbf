using System.Runtime.InteropServices;

namespace StreamRuntime.Streams;

/// <summary>A part of the list of live streams, with a lock of its own, which guards every field.</summary>
/// <remarks>
/// A place holds a young stream, or a weak handle to an old one, or neither and the number of the next free place. Inside the lock only streams' gates are locked, and
/// nobody who holds a gate comes here. Growing old allocates nothing but the handle, as it happens whenever the collector pleases.
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
            _places[at].Young = stream;
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
                ref Place place = ref _places[at];
                if (place.Young is { } young)
                {
                    young.AddTo(ref totals);
                }
                else if (place.IsOld)
                {
                    if (place.Old.TryGetTarget(out JsonRowStream? old))
                    {
                        place.Seen = default;
                        old.AddTo(ref place.Seen);
                        totals.Add(place.Seen);
                    }
                    else
                    {
                        DropLocked(at);
                    }
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
                ref Place place = ref _places[at];
                if (place.Young is { } young)
                {
                    streams.Add(young);
                }
                else if (place.IsOld && place.Old.TryGetTarget(out JsonRowStream? old))
                {
                    streams.Add(old);
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
                ref Place place = ref _places[at];
                if (place.Young is { } young && GC.GetGeneration(young) == GC.MaxGeneration)
                {
                    place.Old = new WeakGCHandle<JsonRowStream>(young);
                    place.Young = null;
                    place.Seen = default;
                    young.AddTo(ref place.Seen);
                }
                else if (place.IsOld && !place.Old.TryGetTarget(out _))
                {
                    DropLocked(at);
                }
            }
        }
    }

    // What it did after it was last looked at is not known.
    private void DropLocked(int at)
    {
        _ended.AddDone(_places[at].Seen);
        FreeLocked(at);
    }

    private void FreeLocked(int at)
    {
        ref Place place = ref _places[at];
        place.Young = null;
        if (place.IsOld)
        {
            place.Old.Dispose();
            place.Old = default;
        }

        _live--;
        if (_live == 0 && _places.Length > MostPlacesKept)
        {
            // Room for many is not kept for few.
            _places = new Place[FewestPlaces];
            _used = 0;
            _firstFree = None;
            return;
        }

        place.NextFree = _firstFree;
        _firstFree = at;
    }

    private struct Place
    {
        public JsonRowStream? Young;
        public WeakGCHandle<JsonRowStream> Old;
        public int NextFree;

        /// <summary>What an old stream had done when it was last looked at.</summary>
        public StreamTotals Seen;

        public readonly bool IsOld => Old.IsAllocated;
    }
}
