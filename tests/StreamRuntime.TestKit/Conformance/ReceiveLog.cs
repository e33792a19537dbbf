namespace StreamRuntime.TestKit.Conformance;

/// <summary>What a source has asked its far side for: every receive from the wire, or from whatever it reads.</summary>
/// <remarks>Thread-safe. <see cref="ObservedStream"/> keeps one for a stream; a far side of another kind calls <see cref="Start"/> and <see cref="End"/> itself.</remarks>
public sealed class ReceiveLog
{
    private readonly Lock _lock = new();
    private int _started;
    private int _underWay;
    private string? _broken;

    /// <summary>How many receives were started.</summary>
    public int Started
    {
        get
        {
            lock (_lock)
            {
                return _started;
            }
        }
    }

    /// <summary>True while a receive is under way.</summary>
    public bool IsUnderWay
    {
        get
        {
            lock (_lock)
            {
                return _underWay > 0;
            }
        }
    }

    /// <summary>What may never happen and did, the first of it: two receives at once, or a close during a receive. Null when nothing did.</summary>
    public string? Broken
    {
        get
        {
            lock (_lock)
            {
                return _broken;
            }
        }
    }

    /// <summary>A receive starts.</summary>
    public void Start()
    {
        lock (_lock)
        {
            _started++;
            if (++_underWay > 1)
            {
                _broken ??= "a receive was started while another was under way";
            }
        }
    }

    /// <summary>A receive has ended, whichever way.</summary>
    public void End()
    {
        lock (_lock)
        {
            _underWay--;
        }
    }

    /// <summary>The way to the far side is closed.</summary>
    public void Close()
    {
        lock (_lock)
        {
            if (_underWay > 0)
            {
                _broken ??= "the connection was closed while a receive was under way";
            }
        }
    }
}
