using System.Net.Sockets;
using StreamRuntime.Benchmarks.Wire;

namespace StreamRuntime.Benchmarks.Clients;

/// <summary>The same as <see cref="SocketClient"/> with asynchronous receives.</summary>
internal sealed class AsyncSocketClient(string connection) : RowClient
{
    private readonly RowWalker _walker = new();
    private BareSession? _session;

    public override async Task<RowTotals> ReadAsync(string sql, Action? started = null)
    {
        _session ??= BareSession.Open(connection);
        started?.Invoke();
        _session.Send(RowWalker.Ask(sql));
        _walker.Begin();
        while (!_walker.Take(await _session.Socket.ReceiveAsync(_walker.Free, SocketFlags.None)))
        {
        }

        return _walker.Totals;
    }

    public override Task<double> ReadFirstAsync(string sql) =>
        throw new NotSupportedException("The first row needs one receive, which the blocking socket shows.");

    public override ValueTask DisposeAsync()
    {
        _session?.Dispose();
        return default;
    }
}
