using System.Data;
using StreamRuntime.Sources.AdoNet;
using StreamRuntime.TestKit.Conformance;

namespace StreamRuntime.Tests.Sources.Conformance;

/// <summary>A provider's reader, of one column of JSON text, over a table in memory.</summary>
internal sealed class DataTableSubject : SourceUnderTest
{
    public override SourceAbilities Abilities => SourceAbilities.AnyRows | SourceAbilities.NullRows;

    public override ValueTask<OpenedSource> OpenAsync(SourceScript script)
    {
        var table = new DataTable();
        table.Columns.Add("data", typeof(string));
        foreach (string? row in script.Rows)
        {
            table.Rows.Add((object?)row ?? DBNull.Value);
        }

        DataTableReader reader = table.CreateDataReader();
        DataReaderRowsOptions options = DataReaderRowsOptions.Default with { SingleColumn = SingleColumnForm.Json };
        var ownership = new ReaderOwnership(reader, command: null, ownsReader: true, options, script.Options.TimeProvider);
        return new(new OpenedSource(new DataReaderRowSource(reader, options, ownership))
        {
            CloseAsync = () =>
            {
                table.Dispose();
                return default;
            },
        });
    }
}
