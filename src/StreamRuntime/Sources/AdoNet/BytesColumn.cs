using System.Data.Common;
using System.Runtime.CompilerServices;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>A column whose bytes are received right where its JSON is going to be.</summary>
/// <remarks>
/// While rows are received whole, the bytes are copied by <see cref="DbDataReader.GetBytes"/>, which then does nothing but copy. Under sequential access they
/// come through <see cref="DbDataReader.GetStream"/>, whose reads can be waited for.
/// </remarks>
internal abstract class BytesColumn(int ordinal, string name, bool isSequential, bool knowsLength) : JsonColumn(ordinal, name)
{
    // What is asked for at a time where the provider does not say how much there is.
    private const int ChunkBytes = 4096;

    private Stream? _stream;
    private ValueTask<int> _pending;
    private int _received;
    private bool _hasMore;
    private int _start;
    private long _left;

    /// <summary>What a value of the provider's bytes becomes, in their place.</summary>
    /// <param name="output">Ends with the bytes.</param>
    /// <param name="start">Where they begin, counted from the row's start.</param>
    protected abstract void Finish(RowBuffer output, int start);

    /// <summary>Writes what stands before the bytes.</summary>
    protected virtual void WriteHead(RowBuffer output)
    {
    }

    public sealed override ColumnProgress Begin(DbDataReader reader, RowBuffer output)
    {
        if (isSequential)
        {
            _stream = reader.GetStream(Ordinal);
            _left = knowsLength ? _stream.Length : long.MaxValue;
            return BeginStream(output);
        }

        WriteHead(output);
        int start = output.RowLength;
        if (knowsLength)
        {
            CopyRest(reader, output);
        }
        else
        {
            CopyCounted(reader, output);
        }

        Finish(output, start);
        return ColumnProgress.Written;
    }

    public sealed override ColumnProgress Continue(DbDataReader reader, RowBuffer output)
    {
        if (_start < 0)
        {
            return BeginStream(output);
        }

        return _hasMore ? ReadOn(output) : End(output);
    }

    public sealed override void TakeReceived(RowBuffer output) => _hasMore = Take(_received, output);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public sealed override async ValueTask WaitAsync() => _received = await _pending.ConfigureAwait(false);

    /// <summary>Copies to the end of the value, which the provider keeps to: a copy that is short was the last.</summary>
    private void CopyRest(DbDataReader reader, RowBuffer output)
    {
        int copied;
        int room;
        long at = 0;
        do
        {
            output.GetSpan(1);
            room = output.Room;
            copied = (int)reader.GetBytes(Ordinal, at, output.Bytes, output.End, room);
            output.Advance(copied);
            at += copied;
        }
        while (copied == room);
    }

    /// <summary>Copies as many bytes as the provider says there are.</summary>
    private void CopyCounted(DbDataReader reader, RowBuffer output)
    {
        long length = reader.GetBytes(Ordinal, 0, null, 0, 0);
        output.CheckRowSize(length);
        output.GetSpan((int)length);
        for (long at = 0; at < length;)
        {
            int copied = (int)reader.GetBytes(Ordinal, at, output.Bytes, output.End, (int)(length - at));
            if (copied <= 0)
            {
                throw new StreamRuntimeException(ErrorKind.Source, $"Column {Title} has {length} bytes, and the provider gave {at}.");
            }

            output.Advance(copied);
            at += copied;
        }
    }

    private ColumnProgress BeginStream(RowBuffer output)
    {
        _start = -1;
        if (knowsLength)
        {
            output.CheckRowSize(_left);
            if (output.ShouldWaitFor((int)_left + 1))
            {
                output.Fill();
                return ColumnProgress.NeedsRoom;
            }
        }

        WriteHead(output);
        _start = output.RowLength;
        return _left == 0 ? End(output) : ReadOn(output);
    }

    private ColumnProgress ReadOn(RowBuffer output)
    {
        while (true)
        {
            Memory<byte> free = output.GetMemory((int)Math.Min(_left, ChunkBytes));
            if (_left < free.Length)
            {
                free = free[..(int)_left];
            }

            ValueTask<int> read = _stream!.ReadAsync(free, CancellationToken.None);
            if (!read.IsCompletedSuccessfully)
            {
                _pending = read;
                return ColumnProgress.Waits;
            }

            if (!Take(read.Result, output))
            {
                return End(output);
            }
        }
    }

    /// <summary>Takes what was read; false at the end of the value.</summary>
    private bool Take(int read, RowBuffer output)
    {
        if (read == 0)
        {
            return knowsLength ? throw new StreamRuntimeException(ErrorKind.Source, $"The value of column {Title} ended {_left} bytes early.") : false;
        }

        output.Advance(read);
        output.CheckRowSize(0);
        if (knowsLength)
        {
            _left -= read;
        }

        return _left > 0;
    }

    private ColumnProgress End(RowBuffer output)
    {
        // Nothing is left in it, so this only tells the provider.
        _stream!.Dispose();
        _stream = null;
        Finish(output, _start);
        return ColumnProgress.Written;
    }
}
