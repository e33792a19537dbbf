using StreamRuntime.Cli.Sources;
using StreamRuntime.Postgres;

namespace StreamRuntime.Cli.Tests.Sources;

public sealed class ServerErrorReportTests
{
    [Fact]
    public void Format_AllFields_ShowsEachOnItsOwnLine() => Assert.Equal(
        "ERROR 42703: no such column\n  line 2: from 😀 ab\n                  ^\n  detail: d\n  hint: h",
        ServerErrorReport.Format(
            new PostgresServerMessage { Severity = "ERROR", SqlState = "42703", Message = "no such\ncolumn", Detail = "d", Hint = "h", Position = 17 },
            "select 1\nfrom 😀 ab"));

    [Theory]
    [InlineData(1, "  line 1: select\n          ^")]
    [InlineData(7, "  line 1: select\n                ^")]
    [InlineData(99, "  line 1: select\n                ^")]
    public void Format_PositionAtTheEdges_StaysInTheLine(int position, string expected) => Assert.EndsWith(
        expected,
        ServerErrorReport.Format(new PostgresServerMessage { Severity = "ERROR", SqlState = "42601", Message = "m", Position = position }, "select"),
        StringComparison.Ordinal);
}
