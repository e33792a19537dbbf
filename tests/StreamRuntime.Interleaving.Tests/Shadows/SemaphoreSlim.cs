using StreamRuntime.Interleaving.Tests.Scheduling;

namespace StreamRuntime.Streams;

/// <summary>Stands in for <see cref="System.Threading.SemaphoreSlim"/>. A waiter goes on on its own actor, when the schedule picks it.</summary>
internal sealed class SemaphoreSlim(int initialCount)
{
    private readonly Queue<Waiter> _waiters = new();
    private int _count = initialCount;

    public Task WaitAsync(CancellationToken cancellationToken)
    {
        Actor.BeforeAccess(Access.Gate);
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled(cancellationToken);
        }

        if (_count > 0)
        {
            _count--;
            return Task.CompletedTask;
        }

        var waiter = new Waiter(Actor.Current!);
        waiter.CancelOn(cancellationToken);
        _waiters.Enqueue(waiter);
        return waiter.Task;
    }

    public int Release()
    {
        Actor.BeforeAccess(Access.Gate);
        while (_waiters.TryDequeue(out Waiter? waiter))
        {
            if (waiter.TryRelease())
            {
                return 0;
            }
        }

        return _count++;
    }

    private sealed class Waiter(Actor owner)
    {
        private readonly System.Threading.Tasks.TaskCompletionSource _source = new();
        private bool _decided;

        public Task Task => _source.Task;

        // The cancellation comes from whoever cancels, as an ordinary callback.
        public void CancelOn(CancellationToken token)
        {
            if (token.CanBeCanceled)
            {
                token.UnsafeRegister(
                    static (waiter, token) =>
                    {
                        var self = (Waiter)waiter!;
                        if (!self._decided)
                        {
                            self._decided = true;
                            self.Finish(() => self._source.SetCanceled(token));
                        }
                    },
                    this);
            }
        }

        public bool TryRelease()
        {
            if (_decided)
            {
                return false;
            }

            _decided = true;
            Finish(_source.SetResult);
            return true;
        }

        private void Finish(Action finish) => owner.Post(finish);
    }
}
