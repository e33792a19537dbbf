using StreamRuntime.Benchmarks.Replay;
using StreamRuntime.TestKit.Processes;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Benchmarks.Tests.Replay;

public class RecordingFileTests
{
    private readonly string _path = Path.Combine(TestFolder.Create("recording"), "some.recording");

    private static Recording Sample => new(
        "15.1",
        BackendMessages.ParameterStatus("server_version", "15.1"),
        new Dictionary<string, byte[]> { ["DISCARD ALL"] = BackendMessages.CommandComplete("DISCARD ALL") },
        [new RecordedQuery("json", [1, 2], Rows("{}", "[1]"), Rows("{}")), new RecordedQuery("jsonb", [], Rows(), Rows("x"))]);

    [Fact]
    public void TryRead_WhatWasWritten_IsTheSame()
    {
        RecordingFile.Write(_path, Sample);

        Recording read = RecordingFile.TryRead(_path)!;

        Assert.Equal(Sample.ServerVersion, read.ServerVersion);
        Assert.Equal(Sample.Parameters, read.Parameters);
        Assert.Equal(Sample.Commands, read.Commands);
        Assert.Equal(["json", "jsonb"], read.Queries.Select(q => q.Type));
        Assert.Equal([1, 2], read.Find("json").Description);
        Assert.Equal(Sample.Find("json").Text.Messages, read.Find("json").Text.Messages);
        Assert.Equal(Sample.Find("json").Text.Description, read.Find("json").Text.Description);
        Assert.Equal(Sample.Find("jsonb").Binary.Messages, read.Find("jsonb").Binary.Messages);
    }

    [Fact]
    public void TryRead_Nothing_IsNull() => Assert.Null(RecordingFile.TryRead(_path));

    [Fact]
    public void TryRead_ARecordingOfSomethingElse_IsNull()
    {
        RecordingFile.Write(_path, Sample);
        byte[] bytes = File.ReadAllBytes(_path);
        int table = bytes.AsSpan().IndexOf("Lisbon"u8);
        bytes[table] = (byte)'B';
        File.WriteAllBytes(_path, bytes);

        Assert.Null(RecordingFile.TryRead(_path));
    }

    [Fact]
    public void TryRead_CutShort_IsNull()
    {
        RecordingFile.Write(_path, Sample);
        byte[] bytes = File.ReadAllBytes(_path);
        foreach (int length in (int[])[0, 1, 100, bytes.Length / 2, bytes.Length - 30, bytes.Length - 1])
        {
            File.WriteAllBytes(_path, bytes[..length]);

            Assert.Null(RecordingFile.TryRead(_path));
        }
    }

    private static RecordedRows Rows(params string[] values) =>
        new(BackendMessages.RowDescription(("data", 114)), BackendMessages.Join(values.Select(v => BackendMessages.DataRow(v))));
}
