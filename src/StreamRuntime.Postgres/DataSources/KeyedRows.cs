using System.Globalization;
using System.Runtime.CompilerServices;
using StreamRuntime.Connections;
using StreamRuntime.Postgres.Diagnostics;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Rows;
using StreamRuntime.Resuming;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.DataSources;

/// <summary>The rows of a query with a key: while it is parked nothing but the last row's key, and after that a run of its own for the rows behind it.</summary>
/// <remarks>Used as its interface says.</remarks>
internal sealed class KeyedRows : IParkableRowSource
{
    private readonly PostgresDataSource _source;
    private readonly PostgresQuery _query;
    private readonly JsonRowStreamOptions _options;
    private readonly QueryObservation? _observation;
    private KeyedRowSource? _rows;
    private bool _hasEnded;
    private int _runsLeft;
    private ReadOnlyMemory<byte> _place;
    private PoolTicket? _ticket;
    private ResumeFingerprint? _fingerprint;

    public KeyedRows(PostgresDataSource source, PostgresQuery query, JsonRowStreamOptions options, QueryObservation? observation)
    {
        _source = source;
        _query = query;
        _options = options;
        _observation = observation;
        _runsLeft = source.Options.Endpoints.Count - 1;
    }

    public string Description => Volatile.Read(ref _rows)?.Description ?? _source.Options.ToString();

    public ResumeFingerprint Fingerprint => _fingerprint ??= ResumeFingerprint.Create(
        ["postgresql", _query.Text, _query.RowKey],
        _query.Parameters.SelectMany(parameter => new[] { parameter.TypeOid.ToString(CultureInfo.InvariantCulture), parameter.Text }));

    public int? QueuePosition => Volatile.Read(ref _ticket)?.Position;

    private int KeyColumns => ((KeyedQuery)_query.Key).RowKey.Columns.Count;

    public void StartAt(ReadOnlyMemory<byte> place)
    {
        if (KeyText.TryRead(place.Span, KeyColumns) is null)
        {
            throw new StreamRuntimeException(ErrorKind.ResumeRefused, "The place in the resume token is not one of this query's key.");
        }

        _place = place;
    }

    /// <summary>Runs the query from its place on.</summary>
    /// <exception cref="StreamRuntimeException">As for <see cref="PostgresDataSource.StreamAsync(PostgresQuery, JsonRowStreamOptions?, CancellationToken)"/>.</exception>
    public async ValueTask OpenAsync(PoolTicket? ticket, CancellationToken cancellationToken)
    {
        PostgresQuery run = KeyedRun.Of(_query, _place, ticket);
        var rows = (KeyedRowSource)await _source.StartAnywhereAsync(run, _options, _observation, cancellationToken).ConfigureAwait(false);
        rows.BeginAfter(_place.Span);
        _rows = rows;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
        if (_rows is null)
        {
            await OpenAsync(null, cancellationToken).ConfigureAwait(false);
        }

        if (_hasEnded)
        {
            await _rows!.CheckNoNullKeysAsync(cancellationToken).ConfigureAwait(false);
            return false;
        }

        KeyedRowSource current = _rows!;
        try
        {
            // What is asked after the last row would be received over the rows before it, so they are handed out first.
            _hasEnded = !await current.ReceiveAsync(rows, cancellationToken).ConfigureAwait(false);
            return !_hasEnded || current.HasQuestion;
        }
        catch (StreamRuntimeException lost) when (_runsLeft > 0 && _source.TryRunElsewhere(current, lost, _query))
        {
            _runsLeft--;
            _rows = null;
        }
        catch (StreamRuntimeException changed) when (changed.Kind == ErrorKind.UnsupportedType)
        {
            _source.ForgetColumns(_query);
            throw;
        }

        await current.DisposeAsync().ConfigureAwait(false);
        await OpenAsync(null, cancellationToken).ConfigureAwait(false);

        // What there was of a row went with its connection.
        rows.ReportHeld(0);
        return true;
    }

    public int ReleaseIdleMemory() => _rows?.ReleaseIdleMemory() ?? 0;

    public byte[] GetPlace(int undelivered) => _rows?.GetPlace(undelivered) ?? _place.ToArray();

    public async ValueTask ParkAsync(ReadOnlyMemory<byte> place, bool rowsAreUsed)
    {
        _place = place;
        if (_rows is { } rows)
        {
            _rows = null;
            _hasEnded = false;
            if (rowsAreUsed)
            {
                rows.DetachRows();
            }

            await rows.DisposeAsync().ConfigureAwait(false);
        }
    }

    public async ValueTask UnparkAsync(CancellationToken cancellationToken)
    {
        var ticket = new PoolTicket();
        Volatile.Write(ref _ticket, ticket);
        try
        {
            await OpenAsync(ticket, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _ticket, null);
        }
    }

    public void Ending(StreamState end, Exception? error) => _observation?.End(error);

    public ValueTask DisposeAsync() => _rows?.DisposeAsync() ?? default;
}
