using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace StreamRuntime.Buffers;

/// <summary>
/// A <see cref="PipeReader"/> over a stream whose received bytes always lie in one contiguous, pooled buffer, so that rows can be pointed out in
/// place. The size of a receive follows what the stream delivers.
/// </summary>
/// <remarks>
/// <para>One reader at a time; only <see cref="CancelPendingRead"/> may be called from another thread.</para>
/// <para>
/// Beside the pipe's own members there is a direct path for row sources (<see cref="Buffered"/>, <see cref="Consume"/>, <see cref="ReceiveAsync"/>),
/// which does the same without building a sequence for every receive. The framework's own stream reader starts at 4 KiB and measures four times
/// slower at that size.
/// </para>
/// </remarks>
public sealed class ReceivePipeReader : PipeReader
{
    /// <summary>The size of the first receive, in bytes, and the smallest a buffer shrinks to.</summary>
    public const int SmallestReceive = 16 * 1024;

    // In few steps, since each leaves a buffer behind that nobody asks for again.
    private const long GrowthFactor = 8;

    // Larger pieces of a row that outgrew the buffer no longer make its receives fewer in any way that counts.
    private const int LargestStep = 1024 * 1024;

    // This many receives in a row that use less than a quarter of the room, and the room is halved.
    private const int SparseReceivesToShrink = 16;

    // Below this a smaller buffer saves nothing worth a copy.
    private const int SmallestKept = 256;

    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private int _mostBuffered;
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private int _limit;
    private int _room;
    private int _sparse;
    private bool _ended;
    private bool _completed;
    private int _examined;
    private CancellationTokenSource? _pending;
    private int _cancelRequested;

    /// <summary>Makes a reader; nothing is received or allocated until it is asked to.</summary>
    /// <param name="stream">Where bytes come from.</param>
    /// <param name="maxBufferedBytes">How much may be held at once unless the caller needs more for one item; from 4 KiB; 64 KiB by default.</param>
    /// <param name="leaveOpen">False disposes the stream when the reader is completed.</param>
    public ReceivePipeReader(Stream stream, int maxBufferedBytes = 64 * 1024, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _stream = stream;
        _leaveOpen = leaveOpen;
        MaxBufferedBytes = maxBufferedBytes;
        _room = Math.Min(SmallestReceive, maxBufferedBytes);
    }

    /// <summary>How much may be held at once unless the caller needs more for one item, in bytes; from 4 KiB. A change counts from the next receive on.</summary>
    public int MaxBufferedBytes
    {
        get => _mostBuffered;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 4096);
            _mostBuffered = value;
            _room = Math.Min(_room, value);
        }
    }

    /// <summary>Received and not consumed; valid until the next receive.</summary>
    public ReadOnlyMemory<byte> Buffered => _buffer.AsMemory(_start, _end - _start);

    /// <summary>The same as <see cref="Buffered"/>, as a span.</summary>
    public ReadOnlySpan<byte> BufferedSpan => _buffer.AsSpan(_start, _end - _start);

    /// <summary>True when the stream has ended; what is buffered is the last of it.</summary>
    public bool IsEnded => _ended;

    /// <summary>Marks the first bytes of <see cref="Buffered"/> as done with.</summary>
    /// <param name="count">From 0 to the number of buffered bytes.</param>
    public void Consume(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _end - _start);
        _start += count;
        _examined = Math.Max(0, _examined - count);
    }

    /// <summary>Receives once.</summary>
    /// <param name="needed">How many bytes, the buffered ones included, the caller wants to see together; the buffer is made large enough.</param>
    /// <param name="cancellationToken">Ends the wait; no byte is lost by it.</param>
    /// <returns>The number of bytes received; 0 when the stream has ended.</returns>
    public ValueTask<int> ReceiveAsync(int needed = 0, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_completed, this);
        if (_ended)
        {
            return new ValueTask<int>(0);
        }

        MakeRoom(needed);
        ValueTask<int> receive = _stream.ReadAsync(_buffer.AsMemory(_end, _limit - _end), cancellationToken);
        return receive.IsCompletedSuccessfully ? new ValueTask<int>(Take(receive.Result)) : ReceiveSlowAsync(receive);
    }

    /// <summary>
    /// Leaves the current buffer to whoever still looks at it and goes on in another, so that rows handed out stay as they are.
    /// </summary>
    public void Detach()
    {
        int held = _end - _start;
        byte[] fresh = held == 0 ? [] : ArrayPool<byte>.Shared.Rent(held);
        _buffer.AsSpan(_start, held).CopyTo(fresh);
        _buffer = fresh;
        _start = 0;
        _end = held;
    }

    /// <summary>
    /// Gives the buffer back, as for the length of a pause or between two results on an idle connection. What is buffered moves to a small one of its own,
    /// so a <see cref="Buffered"/> taken before is no longer valid.
    /// </summary>
    public void ReleaseIdleMemory()
    {
        int held = _end - _start;
        if (held == 0)
        {
            ReturnBuffer();
        }
        else if (_buffer.Length > 2L * held && _buffer.Length > SmallestKept)
        {
            byte[] small = ArrayPool<byte>.Shared.Rent(held);
            _buffer.AsSpan(_start, held).CopyTo(small);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = small;
            _start = 0;
            _end = held;
        }
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        ObjectDisposedException.ThrowIf(_completed, this);
        bool canceled = Interlocked.Exchange(ref _cancelRequested, 0) != 0;
        if (canceled || _ended || _end - _start > _examined)
        {
            result = new ReadResult(new ReadOnlySequence<byte>(Buffered), canceled, _ended);
            return true;
        }

        result = default;
        return false;
    }

    /// <inheritdoc/>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        TryRead(out ReadResult result) ? new ValueTask<ReadResult>(result) : ReadSlowAsync(cancellationToken);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        // A position in a one-segment sequence counts from the start of the array it lies in.
        int taken = consumed.GetInteger() - _start;
        int seen = examined.GetInteger() - _start;
        if ((uint)taken > (uint)(_end - _start) || seen < taken || seen > _end - _start)
        {
            throw new ArgumentOutOfRangeException(nameof(consumed), "The position does not lie in the buffered bytes.");
        }

        _start += taken;
        _examined = seen - taken;
    }

    /// <inheritdoc/>
    public override void CancelPendingRead()
    {
        Volatile.Write(ref _cancelRequested, 1);
        try
        {
            Volatile.Read(ref _pending)?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // That read has just returned; the mark is for the next one, as the contract has it.
        }
    }

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null)
    {
        if (_completed)
        {
            return;
        }

        _completed = true;
        _start = _end;
        ReturnBuffer();
        if (!_leaveOpen)
        {
            _stream.Dispose();
        }
    }

    private void MakeRoom(int needed)
    {
        int held = _end - _start;
        int size = Math.Max(_room, needed);
        if (held >= size)
        {
            // One item fills all there is. It grows in steps of its own size, or each receive would bring a single byte.
            size = (int)Math.Min(Array.MaxLength, held + (long)Math.Clamp(held / 2, SmallestReceive, LargestStep));
        }

        if (_buffer.Length < size || (long)_buffer.Length > 4L * size)
        {
            byte[] other = ArrayPool<byte>.Shared.Rent(size);
            _buffer.AsSpan(_start, held).CopyTo(other);
            if (_buffer.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
            }

            _buffer = other;
        }
        else if (_start > 0)
        {
            _buffer.AsSpan(_start, held).CopyTo(_buffer);
        }

        _start = 0;
        _end = held;

        // The pool rounds sizes up; the limit is what was asked for, to the byte.
        _limit = size;
    }

    private int Take(int received)
    {
        if (received == 0)
        {
            _ended = true;
            return 0;
        }

        int room = _limit - _end;
        _end += received;
        if (received == room)
        {
            _sparse = 0;
            _room = (int)Math.Min(_mostBuffered, _room * GrowthFactor);
        }
        else if (received < _room / 4 && _room > SmallestReceive)
        {
            if (++_sparse >= SparseReceivesToShrink)
            {
                _sparse = 0;
                _room = Math.Max(Math.Min(SmallestReceive, _mostBuffered), _room / 2);
            }
        }
        else
        {
            _sparse = 0;
        }

        return received;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReceiveSlowAsync(ValueTask<int> receive) => Take(await receive.ConfigureAwait(false));

    private async ValueTask<ReadResult> ReadSlowAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource pending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Volatile.Write(ref _pending, pending);
        try
        {
            // The source was published before this look, and a canceller sets its mark before it looks for the source.
            Interlocked.MemoryBarrier();
            if (Volatile.Read(ref _cancelRequested) == 0)
            {
                await ReceiveAsync(0, pending.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && Volatile.Read(ref _cancelRequested) != 0)
        {
            // CancelPendingRead ends the wait with a result, not with an exception.
        }
        finally
        {
            Volatile.Write(ref _pending, null);
        }

        bool canceled = Interlocked.Exchange(ref _cancelRequested, 0) != 0;
        return new ReadResult(new ReadOnlySequence<byte>(Buffered), canceled, _ended);
    }

    private void ReturnBuffer()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        _buffer = [];
        _start = 0;
        _end = 0;
        _examined = 0;
    }
}
