using System.Diagnostics;
using StreamRuntime.Benchmarks.Wire;

namespace StreamRuntime.Benchmarks.Clients;

/// <summary>The floor: a blocking socket, and nothing done that is not needed to know how many rows there are and how long they are.</summary>
internal sealed class SocketClient(string connection) : RowClient
{
    private readonly RowWalker _walker = new();
    private BareSession? _session;

    public override Task<RowTotals> ReadAsync(string sql, Action? started = null)
    {
        _session ??= BareSession.Open(connection);
        started?.Invoke();
        _session.Send(RowWalker.Ask(sql));
        _walker.Begin();
        while (!_walker.Take(_session.Socket.Receive(_walker.Free.Span)))
        {
        }

        return Task.FromResult(_walker.Totals);
    }

    public override Task<double> ReadFirstAsync(string sql)
    {
        _session ??= BareSession.Open(connection);
        long start = Stopwatch.GetTimestamp();
        _session.Send(RowWalker.Ask(sql));
        _walker.Begin();
        while (_walker.Totals.Rows == 0 && !_walker.Take(_session.Socket.Receive(_walker.Free.Span)))
        {
        }

        double elapsed = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        _session.Cancel();
        while (!_walker.Take(_session.Socket.Receive(_walker.Free.Span), isCancelled: true))
        {
        }

        return Task.FromResult(elapsed);
    }

    public override ValueTask DisposeAsync()
    {
        _session?.Dispose();
        return default;
    }
}
