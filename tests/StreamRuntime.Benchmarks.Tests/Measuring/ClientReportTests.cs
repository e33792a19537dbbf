using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Options;

namespace StreamRuntime.Benchmarks.Tests.Measuring;

public class ClientReportTests
{
    [Theory]
    [InlineData("""{"rows":2,"bytes":30}""", 2, 30, null, null)]
    [InlineData("""{"rows":2,"bytes":30,"allocatedBytes":400}""", 2, 30, 400L, null)]
    [InlineData("""{"rows":30,"bytes":0,"firstRowNs":210000}""", 30, 0, null, 210000.0)]
    public void Parse_WhatClientsSay(string line, long rows, long bytes, long? allocated, double? firstRow) =>
        Assert.Equal(new ClientReport(rows, bytes, allocated, firstRow), ClientReport.Parse("client", line));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"rows":2}""")]
    [InlineData("""{"rows":"two","bytes":3}""")]
    [InlineData("Unhandled exception.")]
    public void Parse_AnythingElse_NamesTheProgramAndWhatItSaid(string line)
    {
        RunException failure = Assert.Throws<RunException>(() => ClientReport.Parse("libpq_rows", line));

        Assert.Contains("libpq_rows", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith(line, failure.Message, StringComparison.Ordinal);
    }
}
