using StreamRuntime.Interleaving.Tests.Scheduling;

namespace StreamRuntime.Streams;

/// <summary>Stands in for <see cref="System.Threading.Tasks.TaskCompletionSource"/>: who made it is who awaits it, and goes on on its own actor.</summary>
internal sealed class TaskCompletionSource
{
    private readonly System.Threading.Tasks.TaskCompletionSource _source = new();
    private readonly Actor? _owner = Actor.Current;
    private bool _set;

    /// <param name="_">Always "asynchronously", which is what a continuation on its own actor is.</param>
    public TaskCompletionSource(TaskCreationOptions _)
    {
    }

    public Task Task => _source.Task;

    public bool TrySetResult()
    {
        if (_set)
        {
            return false;
        }

        _set = true;
        if (_owner is null || _owner == Actor.Current)
        {
            _source.SetResult();
        }
        else
        {
            _owner.Post(_source.SetResult);
        }

        return true;
    }
}
