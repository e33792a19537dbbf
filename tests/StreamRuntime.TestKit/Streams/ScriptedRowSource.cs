using System.Buffers;
using System.Text;
using StreamRuntime.Streams;

namespace StreamRuntime.TestKit.Streams;

/// <summary>A source that delivers what its script says, one step a receive, and records how it was used.</summary>
/// <remarks>
/// The script is written before the stream is read; after its last step the result is complete. Counters may be read from any thread. A broken
/// rule of <see cref="IRowSource"/> (two receives at once, a receive after or during disposal, two disposals) is kept in <see cref="BrokenRule"/>.
/// </remarks>
public sealed class ScriptedRowSource : IRowSource
{
    private readonly Queue<Step> _script = new();
    private readonly SemaphoreSlim _blocked = new(0);
    private readonly SemaphoreSlim _released = new(0);
    private Step? _endless;
    private bool _completesLater;
    private int _receives;
    private int _inside;
    private int _disposals;
    private int _cancellations;
    private string? _brokenRule;
    private Exception? _disposalFailure;

    private delegate void AddRows(RowWriter rows, CancellationToken cancellationToken);

    /// <summary>How many receives were started.</summary>
    public int Receives => Volatile.Read(ref _receives);

    /// <summary>True while a receive is under way.</summary>
    public bool IsReceiving => Volatile.Read(ref _inside) != 0;

    /// <summary>How many receives ended because they were cancelled.</summary>
    public int Cancellations => Volatile.Read(ref _cancellations);

    /// <summary>How many times the source was disposed.</summary>
    public int Disposals => Volatile.Read(ref _disposals);

    /// <summary>The first broken rule of the contract; null when there is none.</summary>
    public string? BrokenRule => Volatile.Read(ref _brokenRule);

    /// <summary>A receive that writes rows.</summary>
    public ScriptedRowSource Delivers(params string[] rows) => Does((writer, _) => Write(writer, rows));

    /// <summary>A receive that points out rows in attached bytes, one a line; what follows the last line feed is a partial row.</summary>
    public ScriptedRowSource Attaches(string lines) => Does((writer, _) => Attach(writer, lines));

    /// <summary>A receive that brings no row and says how much of one is held.</summary>
    public ScriptedRowSource Holds(int bytes) => Does((writer, _) => writer.ReportHeld(bytes));

    /// <summary>A receive that delivers rows and then fails.</summary>
    public ScriptedRowSource Fails(Exception failure, params string[] rows) => Does((writer, _) =>
    {
        Write(writer, rows);
        throw failure;
    });

    /// <summary>A receive that waits for <see cref="Release"/> or for its cancellation, and then writes rows.</summary>
    public ScriptedRowSource Blocks(params string[] rows) => Then(new Step((writer, _) => Write(writer, rows), Blocks: true));

    /// <summary>A receive that does anything.</summary>
    public ScriptedRowSource Does(Action<RowWriter, CancellationToken> receive) => Then(new Step(new AddRows(receive), Blocks: false));

    /// <summary>Every further receive does this, without end.</summary>
    public ScriptedRowSource Forever(Action<RowWriter, CancellationToken> receive)
    {
        _endless = new Step(new AddRows(receive), Blocks: false);
        return this;
    }

    /// <summary>From now on no receive completes synchronously.</summary>
    public ScriptedRowSource CompletesLater()
    {
        _completesLater = true;
        return this;
    }

    /// <summary>Disposing fails, after it was counted.</summary>
    public ScriptedRowSource FailsToClose(Exception failure)
    {
        _disposalFailure = failure;
        return this;
    }

    /// <summary>Completes when a blocking step is reached; each call waits for one.</summary>
    public async Task BlockedAsync()
    {
        if (!await _blocked.WaitAsync(TimeSpan.FromSeconds(30)))
        {
            throw new TimeoutException("No receive reached a blocking step.");
        }
    }

    /// <summary>Lets the blocking step go on; may be called ahead of it.</summary>
    public void Release() => _released.Release();

    /// <inheritdoc/>
    public async ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _receives);
        if (Interlocked.Increment(ref _inside) != 1)
        {
            Break("two receives at once");
        }

        if (Disposals != 0)
        {
            Break("a receive after the disposal");
        }

        try
        {
            if (!_script.TryDequeue(out Step? step) && (step = _endless) is null)
            {
                return false;
            }

            if (_completesLater)
            {
                await Task.Yield();
            }

            if (step.Blocks)
            {
                _blocked.Release();
                await _released.WaitAsync(cancellationToken);
            }

            step.Add(rows, cancellationToken);
            return _script.Count > 0 || _endless is not null;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Interlocked.Increment(ref _cancellations);
            throw;
        }
        finally
        {
            Interlocked.Decrement(ref _inside);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Increment(ref _disposals) != 1)
        {
            Break("disposed twice");
        }

        if (IsReceiving)
        {
            Break("disposed during a receive");
        }

        return _disposalFailure is null ? default : ValueTask.FromException(_disposalFailure);
    }

    private static void Write(RowWriter writer, string[] rows)
    {
        foreach (string row in rows)
        {
            writer.Write(Encoding.UTF8.GetBytes(row));
            writer.EndRow();
        }
    }

    private static void Attach(RowWriter writer, string lines)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(lines);
        writer.Attach(bytes);
        int start = 0;
        for (int end = Array.IndexOf(bytes, (byte)'\n'); end >= 0; end = Array.IndexOf(bytes, (byte)'\n', start))
        {
            writer.Add(start, end - start);
            start = end + 1;
        }
    }

    private ScriptedRowSource Then(Step step)
    {
        _script.Enqueue(step);
        return this;
    }

    private void Break(string rule) => Interlocked.CompareExchange(ref _brokenRule, rule, null);

    private sealed record Step(AddRows Add, bool Blocks);
}
