using System.Diagnostics.CodeAnalysis;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Resuming;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>What happens to a stream in one step.</summary>
public enum ParkAct
{
    /// <summary>Takes some rows one by one.</summary>
    Enumerate,

    /// <summary>Takes what there is at once.</summary>
    ReadBatch,

    /// <summary>Copies some rows, and gives the rest of the batch back.</summary>
    Copy,
    Pause,
    Park,
    Resume,

    /// <summary>A read that waits while the stream is parked and resumed.</summary>
    ReadAcrossPark,

    /// <summary>A park beside a read, whoever comes first.</summary>
    ParkBesideRead,

    /// <summary>The server ends the connection.</summary>
    Kill,

    /// <summary>The process ends: only a token is left.</summary>
    Restart,
}

/// <summary>One step; a stream that has ended is passed over.</summary>
/// <param name="Act">What happens.</param>
/// <param name="Count">How many rows, where that counts.</param>
public readonly record struct ParkStep(ParkAct Act, int Count);

/// <summary>One history of a stream, and of its model, which is the order of the rows and how many of them have come.</summary>
internal sealed class ParkHistory(PostgresDataSource source, string application, Func<string, Task> terminate, string key, int[] order, ResumeTokenOptions tokens)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private int _delivered;
    private string? _token;

    [AllowNull]
    private JsonRowStream Stream { get; set; }

    /// <summary>How often the stream was parked, over all restarts.</summary>
    public int Parks { get; private set; }

    public int Restarts { get; private set; }

    public async Task RunAsync(IReadOnlyList<ParkStep> steps)
    {
        await StartAsync();
        try
        {
            foreach (ParkStep step in steps)
            {
                await DoAsync(step);
            }

            await FinishAsync();
        }
        finally
        {
            await EndAsync();
        }
    }

    private async Task DoAsync(ParkStep step)
    {
        if (Stream.State is StreamState.Complete)
        {
            return;
        }

        try
        {
            await (step.Act switch
            {
                ParkAct.Enumerate => EnumerateAsync(step.Count),
                ParkAct.ReadBatch => ReadBatchAsync(),
                ParkAct.Copy => CopyAsync(step.Count),
                ParkAct.Pause => Stream.PauseAsync(),
                ParkAct.Park => Stream.ParkAsync(),
                ParkAct.Resume => Stream.ResumeAsync(),
                ParkAct.ReadAcrossPark => ReadAcrossParkAsync(),
                ParkAct.ParkBesideRead => ParkBesideReadAsync(step.Count),
                ParkAct.Kill => terminate(application),
                _ => RestartAsync(),
            }).WaitAsync(s_patience);
        }
        catch (StreamRuntimeException lost) when (PostgresDataSource.IsLoss(lost) || lost.Kind == ErrorKind.StreamEnded)
        {
            // What a client does whose server went: it goes on from the token.
            await RestartAsync();
        }
    }

    private async Task EnumerateAsync(int count)
    {
        await using IAsyncEnumerator<JsonRow> rows = Stream.GetAsyncEnumerator();
        while (count-- > 0 && await NextAsync(rows))
        {
            Take(rows.Current);
        }
    }

    private async Task<bool> NextAsync(IAsyncEnumerator<JsonRow> rows)
    {
        ValueTask<bool> next = rows.MoveNextAsync();
        if (Stream.State == StreamState.Paused && !next.IsCompleted)
        {
            await Stream.ResumeAsync();
        }

        return await next;
    }

    private async Task ReadBatchAsync()
    {
        ValueTask<bool> read = Stream.ReadBatchAsync();
        if (Stream.State == StreamState.Paused && !read.IsCompleted)
        {
            await Stream.ResumeAsync();
        }

        if (await read)
        {
            TakeBatch();
        }
    }

    private async Task CopyAsync(int count)
    {
        if (Stream.State == StreamState.Paused)
        {
            await Stream.ResumeAsync();
        }

        long before = Stream.GetStatistics().RowsDelivered;
        using var output = new MemoryStream();
        await using RowCopy copy = RowCopy.Create(Stream, output);
        try
        {
            await copy.CopyAsync(count);
        }
        finally
        {
            foreach (string row in System.Text.Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                Take(row);
            }
        }

        Assert.Equal(Stream.GetStatistics().RowsDelivered - before, copy.Rows);
    }

    private async Task ReadAcrossParkAsync()
    {
        Task park = Stream.ParkAsync();
        ValueTask<bool> read = Stream.ReadBatchAsync();
        await park;
        await Stream.ResumeAsync();
        if (await read)
        {
            TakeBatch();
        }
    }

    private async Task ParkBesideReadAsync(int count)
    {
        JsonRowStream stream = Stream;
        Task park = Task.Run(async () =>
        {
            Thread.SpinWait(count * 100);
            await stream.ParkAsync();
            await stream.ResumeAsync();
        });
        try
        {
            await EnumerateAsync(count);
        }
        finally
        {
            try
            {
                await park;
            }
            catch (StreamRuntimeException ended) when (ended.Kind == ErrorKind.StreamEnded)
            {
                // The reader was at the end first.
            }
        }
    }

    private async Task RestartAsync()
    {
        _token = Stream.GetResumeToken();
        await EndAsync();
        Restarts++;
        await StartAsync();
    }

    private async Task StartAsync()
    {
        // The connection that was killed may be met only now.
        Stream = await source.StreamAsync(ParkingTable.Query(key), ParkingTable.Options(tokens, _token));
    }

    private async Task EndAsync()
    {
        Parks += Stream.GetStatistics().Parks;
        await Stream.DisposeAsync();
    }

    private async Task FinishAsync()
    {
        for (int tries = 0; Stream.State != StreamState.Complete; tries++)
        {
            Assert.True(tries <= order.Length + 10, $"it does not end: {_delivered} of {order.Length} rows");
            await DoAsync(new ParkStep(ParkAct.ReadBatch, 0));
        }

        Assert.True(_delivered == order.Length, $"{_delivered} rows came of {order.Length}");
    }

    private void TakeBatch()
    {
        foreach (JsonRow row in Stream.CurrentBatch)
        {
            Take(row);
        }
    }

    private void Take(JsonRow row) => Take(row.ToString());

    private void Take(string row)
    {
        int number = int.Parse(row.AsSpan("{\"i\" : ".Length, row.IndexOf(',', StringComparison.Ordinal) - "{\"i\" : ".Length), System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(_delivered < order.Length, $"row {number} came after the last");
        Assert.True(number == order[_delivered], $"row {order[_delivered]} was due as the {_delivered + 1}th, and row {number} came");
        _delivered++;
    }
}
