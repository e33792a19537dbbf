using System.Buffers.Binary;
using System.Buffers.Text;
using StreamRuntime.Resuming;
using StreamRuntime.Streams;

namespace StreamRuntime.TestKit.Streams;

/// <summary>The numbers from 1 on as rows, so many a receive, from a source that can be parked; it records how it was used.</summary>
/// <remarks>Counters may be read from any thread. A broken rule of <see cref="IParkableRowSource"/> is kept in <see cref="BrokenRule"/>.</remarks>
public sealed class NumberedRowSource(int count, int rowsInBatch = 4) : IParkableRowSource
{
    private readonly byte[][] _batches = [[], []];
    private int _users;
    private int _parks;
    private int _opens;
    private int _disposals;
    private int _last;
    private int _start;
    private bool _isParked;
    private string? _brokenRule;

    /// <summary>Waited for in each receive, once it has begun.</summary>
    public Func<CancellationToken, Task>? Receiving { get; set; }

    /// <summary>True for a source that has its rows already when it is told to stop.</summary>
    public bool DeliversThough { get; set; }

    /// <summary>Waited for in each opening.</summary>
    public Func<CancellationToken, Task>? Opening { get; set; }

    /// <summary>Waited for while parking.</summary>
    public Func<Task>? Parking { get; set; }

    /// <summary>How many times it was parked.</summary>
    public int Parks => Volatile.Read(ref _parks);

    /// <summary>How many times it was opened again.</summary>
    public int Opens => Volatile.Read(ref _opens);

    /// <summary>How many times it was disposed.</summary>
    public int Disposals => Volatile.Read(ref _disposals);

    /// <summary>The first broken rule; null when there is none.</summary>
    public string? BrokenRule => Volatile.Read(ref _brokenRule);

    /// <summary>The last number received. For the source's own hooks.</summary>
    public int GetPlaceNow() => _last;

    /// <inheritdoc/>
    public ResumeFingerprint Fingerprint { get; init; } = ResumeFingerprint.Create(["numbers"], []);

    /// <inheritdoc/>
    public int? QueuePosition { get; set; }

    /// <inheritdoc/>
    public void StartAt(ReadOnlyMemory<byte> place) => _last = _start = BinaryPrimitives.ReadInt32BigEndian(place.Span);

    /// <inheritdoc/>
    public byte[] GetPlace(int undelivered)
    {
        using User user = Enter("a look at the place");
        int at = _last - undelivered;
        if (at < _start)
        {
            Break($"{undelivered} rows are to come again, of a batch that began after row {_start} and ended with row {_last}");
        }

        byte[] place = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(place, at);
        return at == 0 ? [] : place;
    }

    /// <inheritdoc/>
    public async ValueTask ParkAsync(ReadOnlyMemory<byte> place, bool rowsAreUsed)
    {
        using User user = Enter("a park");
        if (_isParked)
        {
            Break("parked twice");
        }

        await (Parking?.Invoke() ?? Task.CompletedTask);
        _isParked = true;
        _last = _start = place.IsEmpty ? 0 : BinaryPrimitives.ReadInt32BigEndian(place.Span);
        if (rowsAreUsed)
        {
            // Left to whoever looks at them.
            _batches[0] = [];
            _batches[1] = [];
        }
        else
        {
            Array.ForEach(_batches, Array.Clear);
        }

        Interlocked.Increment(ref _parks);
    }

    /// <inheritdoc/>
    public async ValueTask UnparkAsync(CancellationToken cancellationToken)
    {
        using User user = Enter("an opening");
        if (!_isParked)
        {
            Break("opened without having been parked");
        }

        await (Opening?.Invoke(cancellationToken) ?? Task.CompletedTask);
        _isParked = false;
        Interlocked.Increment(ref _opens);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
        using User user = Enter("a receive");
        if (_isParked)
        {
            Break("a receive while parked");
        }

        await (Receiving?.Invoke(cancellationToken) ?? Task.CompletedTask);
        if (!DeliversThough)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        _start = _last;
        (_batches[0], _batches[1]) = (_batches[1], _batches[0]);
        if (_batches[0].Length == 0)
        {
            _batches[0] = new byte[16 * rowsInBatch];
        }

        rows.Attach(_batches[0]);
        for (int i = 0; i < rowsInBatch && _last < count; i++)
        {
            Utf8Formatter.TryFormat(++_last, _batches[0].AsSpan(16 * i), out int length);
            rows.Add(16 * i, length);
        }

        return _last < count;
    }

    /// <inheritdoc/>
    public int ReleaseIdleMemory()
    {
        using User user = Enter("a release of memory");
        if (_isParked)
        {
            Break("a release of memory while parked");
        }

        return 0;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        using User user = Enter("a disposal");
        if (Interlocked.Increment(ref _disposals) != 1)
        {
            Break("disposed twice");
        }

        return default;
    }

    private User Enter(string what)
    {
        if (Interlocked.Increment(ref _users) != 1)
        {
            Break($"{what} during another use");
        }

        if (Disposals != 0)
        {
            Break($"{what} after the disposal");
        }

        return new User(this);
    }

    private void Break(string rule) => Interlocked.CompareExchange(ref _brokenRule, rule, null);

    private readonly struct User(NumberedRowSource source) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref source._users);
    }
}
