using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using StreamRuntime.Timing;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>Messages from one pump to another, bounded in bytes, and in how long a write may wait.</summary>
/// <remarks>
/// <para>
/// One writer and one reader, beside each other; texts may be added, and the queue may be closed, from any thread. A message belongs to the queue from the write on and
/// to the reader from <see cref="TryRead"/> to <see cref="Release"/>. Whatever happens to a write, its message goes back to the pools.
/// </para>
/// <para>
/// Bytes are counted as the buffers' sizes, from the write until the reader has released them, so the bound is one of memory. Every field is guarded by the lock, and
/// nobody is woken up inside of it.
/// </para>
/// </remarks>
internal sealed class BridgeQueue
{
    // Replies to control messages. A client that asks for more without reading them is not waited for.
    private const int MostTexts = 16;

    private readonly Lock _lock = new();
    private readonly Queue<BridgeMessage> _messages = new();
    private readonly Queue<BridgeMessage> _texts = new();
    private readonly QueueSignal _room = new();
    private readonly QueueSignal _arrival = new();
    private readonly BridgePools _pools;
    private readonly int _maxBytes;
    private readonly TimingWheel _wheel;
    private readonly TimeSpan _blockedLimit;
    private readonly Deadline? _deadline;
    private BridgeMessage? _waiting;
    private BridgeMessage? _last;
    private bool _awaitsEmpty;
    private long _blockedSince;
    private long _bytes;
    private bool _isSuspended;
    private bool _isCompleted;
    private bool _isClosed;
    private bool _isInMessage;

    /// <param name="pools">Where messages go back to.</param>
    /// <param name="maxBytes">The most the queue holds, the message of a waiting write included.</param>
    /// <param name="wheel">Who watches a blocked write.</param>
    /// <param name="blockedLimit">How long a write may wait; infinite for no limit.</param>
    public BridgeQueue(BridgePools pools, int maxBytes, TimingWheel wheel, TimeSpan blockedLimit)
    {
        _pools = pools;
        _maxBytes = maxBytes - ReceiveSize.Largest;
        _wheel = wheel;
        _blockedLimit = blockedLimit;
        if (blockedLimit != Timeout.InfiniteTimeSpan)
        {
            _deadline = new Deadline(wheel, static queue => ((BridgeQueue)queue!).OnDeadline(), this);
        }
    }

    /// <summary>How many messages wait to be read.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _messages.Count + _texts.Count + (_waiting is null ? 0 : 1);
            }
        }
    }

    /// <summary>How much memory the queue's messages take, one that waits for room and one that is being sent included.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes + (_waiting?.Buffer.Length ?? 0);
            }
        }
    }

    /// <summary>Adds bytes to the last message that waits, as far as its buffer has room; for those to whom it is one where messages end.</summary>
    /// <returns>How many bytes were added.</returns>
    public int Append(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (_last is not { } last || _isClosed || _isCompleted)
            {
                return 0;
            }

            int count = Math.Min(bytes.Length, last.Buffer.Length - last.Length);
            bytes[..count].CopyTo(last.Buffer.AsSpan(last.Length));
            last.Length += count;
            return count;
        }
    }

    /// <summary>Adds a message, as soon as there is room for it.</summary>
    /// <exception cref="StreamRuntimeException">
    /// Kind <see cref="ErrorKind.Timeout"/>: the reader made no room in time. Kind <see cref="ErrorKind.StreamEnded"/>: the queue is closed.
    /// </exception>
    public ValueTask WriteAsync(BridgeMessage message)
    {
        bool wake;
        lock (_lock)
        {
            if (_isClosed || _isCompleted)
            {
                _pools.Return(message);
                return ValueTask.FromException(Closed());
            }

            if (!FitsLocked(message))
            {
                _waiting = message;
                BlockLocked();
                return _room.Arm();
            }

            AddLocked(message);
            wake = _arrival.TryDisarm();
        }

        if (wake)
        {
            _arrival.Set();
        }

        return default;
    }

    /// <summary>Adds a short text that goes ahead of what waits, as soon as the message being read is whole.</summary>
    /// <returns>False when too many wait already, or the queue is closed.</returns>
    public bool TryWriteText(BridgeMessage message)
    {
        bool wake;
        lock (_lock)
        {
            if (_isClosed || _texts.Count >= MostTexts)
            {
                _pools.Return(message);
                return false;
            }

            message.EndsMessage = true;
            message.IsText = true;
            _texts.Enqueue(message);
            _bytes += message.Buffer.Length;
            wake = _arrival.TryDisarm();
        }

        if (wake)
        {
            _arrival.Set();
        }

        return true;
    }

    /// <summary>Ends the writing; returns at once. The reader still gets what was written.</summary>
    public void Complete()
    {
        bool wake;
        lock (_lock)
        {
            _isCompleted = true;
            wake = _arrival.TryDisarm();
        }

        if (wake)
        {
            _arrival.Set();
        }
    }

    /// <summary>Ends the writing, and waits until everything has been read and released. The limit on waiting counts anew from each release.</summary>
    /// <exception cref="StreamRuntimeException">As for <see cref="WriteAsync"/>.</exception>
    public ValueTask CompleteAsync()
    {
        ValueTask empty = default;
        bool wake;
        lock (_lock)
        {
            if (_isClosed)
            {
                return ValueTask.FromException(Closed());
            }

            _isCompleted = true;
            wake = _arrival.TryDisarm();
            if (_bytes > 0)
            {
                _awaitsEmpty = true;
                BlockLocked();
                empty = _room.Arm();
            }
        }

        if (wake)
        {
            _arrival.Set();
        }

        return empty;
    }

    /// <summary>Takes the next message, to be given back by <see cref="Release"/>.</summary>
    public bool TryRead([NotNullWhen(true)] out BridgeMessage? message)
    {
        lock (_lock)
        {
            if (!_isInMessage && _texts.TryDequeue(out message))
            {
                return true;
            }

            if (_messages.TryDequeue(out message))
            {
                _isInMessage = !message.EndsMessage;
                _last = ReferenceEquals(_last, message) ? null : _last;
                return true;
            }

            return false;
        }
    }

    /// <summary>Waits until there may be a message; false when there will be none any more.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> WaitToReadAsync()
    {
        while (true)
        {
            ValueTask arrival;
            lock (_lock)
            {
                if (_messages.Count > 0 || (_texts.Count > 0 && !_isInMessage))
                {
                    return true;
                }

                if (_isClosed || _isCompleted)
                {
                    return false;
                }

                arrival = _arrival.Arm();
            }

            await arrival.ConfigureAwait(false);
        }
    }

    /// <summary>Gives a message back that was read, and its room to a write that waits.</summary>
    public void Release(BridgeMessage message)
    {
        bool wake = false;
        lock (_lock)
        {
            _bytes -= message.Buffer.Length;
            _pools.Return(message);
            if (_waiting is { } waiting && FitsLocked(waiting))
            {
                _waiting = null;
                AddLocked(waiting);
                UnblockLocked();
                wake = _room.TryDisarm();
            }
            else if (_awaitsEmpty)
            {
                if (_bytes == 0)
                {
                    _awaitsEmpty = false;
                    UnblockLocked();
                    wake = _room.TryDisarm();
                }
                else
                {
                    BlockLocked();
                }
            }
        }

        if (wake)
        {
            _room.Set();
        }
    }

    /// <summary>Stops the clock of a blocked write for the length of a pause, or starts it anew.</summary>
    public void Suspend(bool isSuspended)
    {
        lock (_lock)
        {
            _isSuspended = isSuspended;
            if (IsBlockedLocked)
            {
                if (isSuspended)
                {
                    UnblockLocked();
                }
                else
                {
                    BlockLocked();
                }
            }
        }
    }

    /// <summary>Drops what waits and fails the write that waits. A message that was read stays its reader's.</summary>
    public void Close()
    {
        bool wakeReader;
        bool wakeWriter;
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
            _awaitsEmpty = false;
            _last = null;
            DropLocked(_messages);
            DropLocked(_texts);
            DropWaitingLocked();
            _deadline?.Cancel();
            wakeReader = _arrival.TryDisarm();
            wakeWriter = _room.TryDisarm();
        }

        if (wakeReader)
        {
            _arrival.Set();
        }

        if (wakeWriter)
        {
            _room.Fail(Closed());
        }
    }

    private bool IsBlockedLocked => _waiting is not null || _awaitsEmpty;

    private static StreamRuntimeException Closed() => new(ErrorKind.StreamEnded, "The session is closed; nothing can be written to it any more.");

    private void OnDeadline()
    {
        lock (_lock)
        {
            if (_isClosed || _isSuspended || !IsBlockedLocked)
            {
                return;
            }

            // A run that was queued for an earlier wait may come in during a later one.
            long due = MonotonicClock.After(_blockedSince, _blockedLimit);
            if (_wheel.Clock.Now < due)
            {
                _deadline!.Schedule(due);
                return;
            }

            DropWaitingLocked();
            _awaitsEmpty = false;
            if (!_room.TryDisarm())
            {
                return;
            }
        }

        _room.Fail(new StreamRuntimeException(
            ErrorKind.Timeout,
            $"The client took nothing for {_blockedLimit.TotalSeconds:0.###} s while {_maxBytes + ReceiveSize.Largest} bytes may be queued for it (BlockedWriteTimeout, MaxQueuedBytes)."));
    }

    private bool FitsLocked(BridgeMessage message) => _bytes == 0 || _bytes + message.Buffer.Length <= _maxBytes;

    private void AddLocked(BridgeMessage message)
    {
        _bytes += message.Buffer.Length;
        _messages.Enqueue(message);
        _last = message;
    }

    private void BlockLocked()
    {
        _blockedSince = _wheel.Clock.Now;
        if (!_isSuspended)
        {
            _deadline?.Schedule(MonotonicClock.After(_blockedSince, _blockedLimit));
        }
    }

    // Off for ever, but left where it is: the next wait finds it filed and costs a write.
    private void UnblockLocked() => _deadline?.MoveLater(MonotonicClock.Never);

    private void DropLocked(Queue<BridgeMessage> messages)
    {
        while (messages.TryDequeue(out BridgeMessage? message))
        {
            _bytes -= message.Buffer.Length;
            _pools.Return(message);
        }
    }

    private void DropWaitingLocked()
    {
        if (_waiting is { } waiting)
        {
            _waiting = null;
            _pools.Return(waiting);
        }
    }
}
