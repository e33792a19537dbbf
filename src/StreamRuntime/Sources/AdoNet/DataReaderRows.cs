using System.Data;
using System.Data.Common;
using StreamRuntime.Streams;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>Streams what any ADO.NET provider reads, as JSON rows.</summary>
/// <remarks>
/// <para>
/// A row is one JSON value: the value itself where the result's one column holds JSON, otherwise an object with the columns' names, in their order and as
/// often as they come. <c>ado-net.md</c>, beside the source of this type, lists what becomes of each CLR type. Only the first result of a command is read.
/// </para>
/// <para>
/// The provider's own failure is the inner exception of what the stream throws: a <see cref="StreamRuntimeException"/> of kind
/// <see cref="ErrorKind.Server"/>, with the same <see cref="DbException.SqlState"/> and <see cref="DbException.IsTransient"/>, where a server reported it,
/// and of kind <see cref="ErrorKind.Source"/> otherwise. A value the provider can't read ends the stream in <see cref="ErrorKind.UnsupportedType"/>.
/// </para>
/// <para>The members are safe to call from any thread; a command, its connection and its reader are the stream's alone until the stream is disposed.</para>
/// </remarks>
public static class DataReaderRows
{
    /// <summary>Runs a command and streams its rows.</summary>
    /// <param name="command">
    /// The command, with an open connection. Both stay the caller's, free for the next command once the stream has ended or is disposed. A stream that is
    /// disposed or cancelled before its end cancels the command.
    /// </param>
    /// <param name="options">How the stream behaves; <see cref="JsonRowStreamOptions.Default"/> when null.</param>
    /// <param name="cancellationToken">Cancels the start. Reading takes tokens of its own.</param>
    /// <exception cref="InvalidOperationException">The command can't be run as it is, such as without an open connection.</exception>
    /// <exception cref="StreamRuntimeException">The provider could not run the command.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static ValueTask<JsonRowStream> StreamJsonRowsAsync(this DbCommand command, JsonRowStreamOptions? options = null, CancellationToken cancellationToken = default) =>
        command.StreamJsonRowsAsync(DataReaderRowsOptions.Default, options, cancellationToken);

    /// <summary>Runs a command and streams its rows, read and closed as the options say.</summary>
    /// <param name="command">As for the other overload, but for <see cref="DataReaderRowsOptions.OwnsCommand"/> and <see cref="DataReaderRowsOptions.OwnsConnection"/>, which also hold when the command can't be run.</param>
    /// <param name="rowOptions">How rows are read, and what is closed behind them.</param>
    /// <param name="options">How the stream behaves; <see cref="JsonRowStreamOptions.Default"/> when null.</param>
    /// <param name="cancellationToken">Cancels the start. Reading takes tokens of its own.</param>
    /// <exception cref="ArgumentException">An option is out of its range; nothing was run or closed.</exception>
    /// <exception cref="InvalidOperationException">The command can't be run as it is, such as without an open connection.</exception>
    /// <exception cref="StreamRuntimeException">The provider could not run the command.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async ValueTask<JsonRowStream> StreamJsonRowsAsync(
        this DbCommand command, DataReaderRowsOptions rowOptions, JsonRowStreamOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(rowOptions);
        options ??= JsonRowStreamOptions.Default;
        options.Validate();
        rowOptions.Validate();

        // A command of a data source has a connection of its own, and refuses the question.
        DbConnection? connection = rowOptions.OwnsConnection ? command.Connection : null;
        DbDataReader reader;
        try
        {
            CommandBehavior behavior = CommandBehavior.SingleResult | (rowOptions.SequentialAccess ? CommandBehavior.SequentialAccess : CommandBehavior.Default);
            reader = await command.ExecuteReaderAsync(behavior, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            await ReaderOwnership.CloseAsync(command, connection, rowOptions).ConfigureAwait(false);
            if (failure is not DbException || cancellationToken.IsCancellationRequested)
            {
                throw;
            }

            throw DataReaderException.From(failure, "Running the command");
        }

        return Stream(reader, command, ownsReader: true, rowOptions, options);
    }

    extension(JsonRowStream)
    {
        /// <summary>Streams the rows of a reader, from the row behind its current one to the end of its current result.</summary>
        /// <param name="reader">The reader. The stream disposes it, unless <see cref="DataReaderRowsOptions.LeavesReaderOpen"/> says otherwise; nobody else may use it meanwhile.</param>
        /// <param name="command">
        /// The command the reader came from, so that a stream which ends early can cancel it. Without one most providers receive the rest of the result when
        /// the reader is closed.
        /// </param>
        /// <param name="rowOptions">How rows are read, and what is closed behind them; <see cref="DataReaderRowsOptions.Default"/> when null.</param>
        /// <param name="options">How the stream behaves; <see cref="JsonRowStreamOptions.Default"/> when null.</param>
        /// <exception cref="ArgumentException">An option is out of its range.</exception>
        public static JsonRowStream FromDataReader(
            DbDataReader reader, DbCommand? command = null, DataReaderRowsOptions? rowOptions = null, JsonRowStreamOptions? options = null)
        {
            ArgumentNullException.ThrowIfNull(reader);
            rowOptions ??= DataReaderRowsOptions.Default;
            options ??= JsonRowStreamOptions.Default;
            rowOptions.Validate();
            return Stream(reader, command, !rowOptions.LeavesReaderOpen, rowOptions, options);
        }
    }

    private static JsonRowStream Stream(DbDataReader reader, DbCommand? command, bool ownsReader, DataReaderRowsOptions rowOptions, JsonRowStreamOptions options)
    {
        var ownership = new ReaderOwnership(reader, command, ownsReader, rowOptions, options.TimeProvider);
        return JsonRowStream.Create(new DataReaderRowSource(reader, rowOptions, ownership), options);
    }
}
