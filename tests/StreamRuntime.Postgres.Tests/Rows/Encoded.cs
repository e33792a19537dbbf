using System.Text;
using StreamRuntime.Postgres.Protocol;
using StreamRuntime.Postgres.Rows;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>Runs an encoder and gives what the stream's reader would get.</summary>
internal static class Encoded
{
    public static ColumnDescription Column(uint typeOid, string name = "v") => new(name, typeOid, -1, 0);

    public static JsonObjectEncoder Encoder(params ColumnDescription[] columns)
    {
        JsonObjectEncoder? encoder = JsonObjectEncoder.TryCreate(columns, out ColumnDescription unsupported);
        Assert.True(encoder is not null, $"type {unsupported.TypeOid} should be supported");
        return encoder;
    }

    public static byte[] Row(JsonObjectEncoder encoder, byte[] body, JsonRowStreamOptions? options = null)
    {
        var rows = new RowWriter(options ?? new JsonRowStreamOptions());
        encoder.Write(body, rows);
        Assert.Equal(1, rows.Count);
        return new RowBatch(rows)[0].ToArray();
    }

    /// <summary>The JSON of one value, taken from an object with one key.</summary>
    public static string Value(uint typeOid, string text)
    {
        string row = Encoding.UTF8.GetString(Row(Encoder(Column(typeOid)), DataRowBody.Of(text)));
        Assert.StartsWith("{\"v\":", row, StringComparison.Ordinal);
        Assert.EndsWith("}", row, StringComparison.Ordinal);
        return row["{\"v\":".Length..^1];
    }
}
