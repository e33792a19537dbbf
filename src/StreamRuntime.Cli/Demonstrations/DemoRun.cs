using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Demonstrations;

/// <summary>What one run over the rows gave.</summary>
/// <param name="Rows">How many came.</param>
/// <param name="OutOfOrder">How many of them were lost, doubled or swapped.</param>
/// <param name="Hash">SHA-256 of all rows.</param>
/// <param name="Statistics">The stream's.</param>
internal sealed record DemoRun(long Rows, long OutOfOrder, string Hash, StreamStatistics Statistics)
{
    public static DemoRun From(RowLedger ledger, JsonRowStream stream) => new(ledger.Rows, ledger.OutOfOrder, ledger.GetHash(), stream.GetStatistics());
}
