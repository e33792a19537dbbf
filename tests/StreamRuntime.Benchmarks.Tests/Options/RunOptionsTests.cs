using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Tests.Options;

public class RunOptionsTests
{
    [Fact]
    public void Parse_Nothing_MeasuresEverythingAndRecordsNothing()
    {
        var options = RunOptions.Parse([]);

        Assert.Equal(AllSuites.Names, options.Suites);
        Assert.Null(options.Phase);
        Assert.Equal(1_000_000, options.Rows);
    }

    [Theory]
    [InlineData("-Suite", "postgres-cpu", "-Phase", "row-streams", "-Rounds", "9", "-Rows", "5000")]
    [InlineData("-suite", "postgres-cpu,postgres-cpu", "-ROUNDS", "9", "-rows", "5000", "-phase", "row-streams")]
    public void Parse_Options_AsPowerShellPassesThem(params string[] arguments)
    {
        var options = RunOptions.Parse(arguments);

        Assert.Equal(["postgres-cpu"], options.Suites);
        Assert.Equal("row-streams", options.Phase);
        Assert.Equal(9, options.Rounds);
        Assert.Equal(5000, options.Rows);
    }

    [Theory]
    [InlineData("-Suite", "nothing")]
    [InlineData("-Suite")]
    [InlineData("-Rounds", "0")]
    [InlineData("-Rounds", "many")]
    [InlineData("-Rounds")]
    [InlineData("-Phase", "a/../b")]
    [InlineData("-Phase", "a", "b")]
    [InlineData("-Report", "now")]
    [InlineData("-Gate")]
    [InlineData("postgres-cpu")]
    public void Parse_WhatMakesNoSense_IsWrongUsage(params string[] arguments) =>
        Assert.Equal(2, Assert.Throws<RunException>(() => RunOptions.Parse(arguments)).ExitCode);
}
