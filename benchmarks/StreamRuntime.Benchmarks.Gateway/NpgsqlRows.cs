using System.Data;
using System.Globalization;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Npgsql;

namespace StreamRuntime.Benchmarks.Gateway;

/// <summary>How people serve a query's rows over Npgsql: with care, and as most do.</summary>
internal static class NpgsqlRows
{
    private const int FlushBytes = 32 * 1024;
    private const int ReadBytes = 16 * 1024;

    /// <summary>By hand: sequential access, each value's stream copied into the response's pipe.</summary>
    public static void MapStream(WebApplication application, string connection)
    {
        NpgsqlDataSource source = Source(connection);
        application.MapGet("/rows/rows", async context =>
        {
            PipeWriter writer = Begin(context);
            await using NpgsqlCommand command = Command(source, context);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(CommandBehavior.SequentialAccess, context.RequestAborted);
            long unflushed = 0;
            while (await reader.ReadAsync(context.RequestAborted))
            {
                await using (Stream value = await reader.GetStreamAsync(0, context.RequestAborted))
                {
                    int read;
                    while ((read = await value.ReadAsync(writer.GetMemory(ReadBytes), context.RequestAborted)) > 0)
                    {
                        writer.Advance(read);
                        unflushed += read;
                    }
                }

                unflushed = await EndRowAsync(writer, unflushed, context.RequestAborted);
            }
        });
    }

    /// <summary>By hand: the default reader, each value an array.</summary>
    public static void MapBytes(WebApplication application, string connection)
    {
        NpgsqlDataSource source = Source(connection);
        application.MapGet("/rows/rows", async context =>
        {
            PipeWriter writer = Begin(context);
            await using NpgsqlCommand command = Command(source, context);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(context.RequestAborted);
            long unflushed = 0;
            while (await reader.ReadAsync(context.RequestAborted))
            {
                byte[] value = reader.GetFieldValue<byte[]>(0);
                value.CopyTo(writer.GetSpan(value.Length));
                writer.Advance(value.Length);
                unflushed = await EndRowAsync(writer, unflushed + value.Length, context.RequestAborted);
            }
        });
    }

    /// <summary>What most people write: an asynchronous sequence that the framework turns into JSON.</summary>
    public static void MapElements(WebApplication application, string connection)
    {
        NpgsqlDataSource source = Source(connection);
        application.MapGet("/rows/rows", context => context.Response.WriteAsJsonAsync(ReadAsync(source, context, context.RequestAborted), context.RequestAborted));
    }

    private static async IAsyncEnumerable<JsonElement> ReadAsync(NpgsqlDataSource source, HttpContext context, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = Command(source, context);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            yield return reader.GetFieldValue<JsonElement>(0);
        }
    }

    private static async ValueTask<long> EndRowAsync(PipeWriter writer, long unflushed, CancellationToken cancellationToken)
    {
        writer.GetSpan(1)[0] = (byte)'\n';
        writer.Advance(1);
        if (unflushed < FlushBytes)
        {
            return unflushed + 1;
        }

        await writer.FlushAsync(cancellationToken);
        return 0;
    }

    private static PipeWriter Begin(HttpContext context)
    {
        context.Response.ContentType = "application/x-ndjson";
        return context.Response.BodyWriter;
    }

    private static NpgsqlDataSource Source(string connection) => NpgsqlDataSource.Create(connection);

    private static NpgsqlCommand Command(NpgsqlDataSource source, HttpContext context)
    {
        NpgsqlCommand command = source.CreateCommand("select data from json_rows limit $1");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = long.Parse(context.Request.Query["limit"]!, CultureInfo.InvariantCulture) });
        return command;
    }
}
