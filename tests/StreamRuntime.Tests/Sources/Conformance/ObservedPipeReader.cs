using System.IO.Pipelines;
using StreamRuntime.TestKit.Conformance;

namespace StreamRuntime.Tests.Sources.Conformance;

/// <summary>A pipe's reader that writes down each read.</summary>
internal sealed class ObservedPipeReader(PipeReader inner, ReceiveLog log) : PipeReader
{
    private int _isCompleted;

    public bool IsCompleted => Volatile.Read(ref _isCompleted) != 0;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        log.Start();
        try
        {
            return await inner.ReadAsync(cancellationToken);
        }
        finally
        {
            log.End();
        }
    }

    public override bool TryRead(out ReadResult result) => inner.TryRead(out result);

    public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null)
    {
        if (Interlocked.Exchange(ref _isCompleted, 1) == 0)
        {
            log.Close();
            inner.Complete(exception);
        }
    }
}
