using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using StreamRuntime.Streams;

namespace StreamRuntime.Sources;

/// <summary>Rows made from a seed: the same seed, count and size give the same bytes, on every machine.</summary>
/// <remarks>
/// For demonstrations, tests and benchmarks. A row is <c>{"id":N,"value":N,"text":"…"}</c>. One stream uses a source; not thread-safe by itself.
/// </remarks>
public sealed class SampleRowSource : IRowSource
{
    /// <summary>The smallest row, in bytes: room for the members' names and the largest numbers.</summary>
    public const int SmallestRowBytes = 64;

    private readonly long _rowCount;
    private readonly int _rowBytes;
    private readonly int _batchBytes;
    private ulong _random;
    private long _next;

    /// <summary>Makes a source.</summary>
    /// <param name="rows">How many rows; 0 or more.</param>
    /// <param name="rowBytes">The size of each row, in bytes; from 64 to 64 MiB; 200 by default.</param>
    /// <param name="seed">Chooses the content; 1 by default.</param>
    /// <param name="batchBytes">About how many bytes of rows are made at once; from 1 to 16 MiB; 64 KiB by default.</param>
    public SampleRowSource(long rows, int rowBytes = 200, long seed = 1, int batchBytes = 64 * 1024)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfLessThan(rowBytes, SmallestRowBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rowBytes, 64 * 1024 * 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchBytes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batchBytes, 16 * 1024 * 1024);
        _rowCount = rows;
        _rowBytes = rowBytes;
        _batchBytes = batchBytes;
        _random = unchecked((ulong)seed * 0x9E3779B97F4A7C15UL) | 1;
    }

    /// <inheritdoc/>
    public string? ParkingRefusal => "sample rows are made by a generator, which holds nothing that parking could give back";

    /// <inheritdoc/>
    public string Description => "sample";

    /// <inheritdoc/>
    public ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rows);
        cancellationToken.ThrowIfCancellationRequested();
        rows.CheckRowSize(_rowBytes);
        int most = Math.Max(1, Math.Min(_batchBytes, rows.MaxBufferedBytes) / _rowBytes);
        for (int i = 0; i < most && _next < _rowCount; i++)
        {
            WriteRow(rows.GetSpan(_rowBytes)[.._rowBytes], _next++);
            rows.Advance(_rowBytes);
            rows.EndRow();
        }

        return new ValueTask<bool>(_next < _rowCount);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;

    private void WriteRow(Span<byte> row, long id)
    {
        int at = Put(row, 0, "{\"id\":"u8);
        at = Put(row, at, id);
        at = Put(row, at, ",\"value\":"u8);
        at = Put(row, at, (long)(Random() % 1_000_000));
        at = Put(row, at, ",\"text\":\""u8);
        WriteLetters(row[at..^2]);
        "\"}"u8.CopyTo(row[^2..]);
    }

    // Sixteen letters from a to p out of one random number: each half of each of its bytes is one.
    private void WriteLetters(Span<byte> text)
    {
        const ulong LowHalves = 0x0F0F0F0F0F0F0F0F;
        const ulong FirstLetters = 0x6161616161616161;
        while (text.Length >= 16)
        {
            ulong bits = Random();
            BinaryPrimitives.WriteUInt64LittleEndian(text, (bits & LowHalves) + FirstLetters);
            BinaryPrimitives.WriteUInt64LittleEndian(text[8..], (bits >> 4 & LowHalves) + FirstLetters);
            text = text[16..];
        }

        ulong rest = Random();
        foreach (ref byte letter in text)
        {
            letter = (byte)('a' + (int)(rest & 15));
            rest >>= 4;
        }
    }

    private static int Put(Span<byte> row, int at, ReadOnlySpan<byte> text)
    {
        text.CopyTo(row[at..]);
        return at + text.Length;
    }

    private static int Put(Span<byte> row, int at, long number)
    {
        Utf8Formatter.TryFormat(number, row[at..], out int written);
        return at + written;
    }

    // xorshift64*, by Marsaglia and Vigna: three shifts and a multiplication, the same everywhere.
    private ulong Random()
    {
        _random ^= _random >> 12;
        _random ^= _random << 25;
        _random ^= _random >> 27;
        return unchecked(_random * 0x2545F4914F6CDD1DUL);
    }
}
