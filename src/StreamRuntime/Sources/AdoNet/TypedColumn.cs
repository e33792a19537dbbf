using System.Data.Common;
using System.Runtime.CompilerServices;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>A column that is read through one typed getter, into no object but what the type itself needs.</summary>
/// <typeparam name="T">What the getter returns.</typeparam>
internal sealed class TypedColumn<T>(int ordinal, string name, Func<DbDataReader, int, T> get, Action<T, RowBuffer> write, bool isSequential)
    : JsonColumn(ordinal, name)
{
    private Task<T>? _pending;

    public override ColumnProgress Begin(DbDataReader reader, RowBuffer output)
    {
        if (!isSequential)
        {
            write(get(reader, Ordinal), output);
            return ColumnProgress.Written;
        }

        // Under sequential access a synchronous getter would hold the thread while the rest of the value is on its way.
        Task<T> value = reader.GetFieldValueAsync<T>(Ordinal, CancellationToken.None);
        if (!value.IsCompletedSuccessfully)
        {
            _pending = value;
            return ColumnProgress.Waits;
        }

        write(value.Result, output);
        return ColumnProgress.Written;
    }

    public override ColumnProgress Continue(DbDataReader reader, RowBuffer output)
    {
        T value = _pending!.Result;
        _pending = null;
        write(value, output);
        return ColumnProgress.Written;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WaitAsync() => await _pending!.ConfigureAwait(false);
}
