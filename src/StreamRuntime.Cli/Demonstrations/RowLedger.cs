using System.Buffers.Text;
using System.Security.Cryptography;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Demonstrations;

/// <summary>Keeps count of rows that carry ids from 0 up: how many came, and whether each came once and in order.</summary>
internal sealed class RowLedger : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public long Rows { get; private set; }

    /// <summary>Rows whose id was not the one to come next: lost, doubled or swapped ones.</summary>
    public long OutOfOrder { get; private set; }

    public void Add(RowBatch batch)
    {
        foreach (JsonRow row in batch)
        {
            if (ReadId(row.Span) != Rows)
            {
                OutOfOrder++;
            }

            Rows++;
            _hash.AppendData(row.Span);
        }
    }

    public string GetHash() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    public void Dispose() => _hash.Dispose();

    // Both sources put the id first, one of them with a blank before and after the colon.
    private static long ReadId(ReadOnlySpan<byte> row)
    {
        int colon = row.IndexOf((byte)':');
        return row.StartsWith("{\"id\""u8) && Utf8Parser.TryParse(row[(colon + 1)..].TrimStart((byte)' '), out long id, out _) ? id : -1;
    }
}
