namespace StreamRuntime.Benchmarks.Tests.Gate.Planting;

/// <summary>Where the runtime's sources can be patched so that every row of every source comes by.</summary>
internal static class PerRow
{
    public const string File = "src/StreamRuntime/Streams/RowWriter.cs";

    private const string Method = "    private void Append(";
    private const string Start = "\n    {\n";

    /// <summary>Puts a statement at the start of the method that every row goes through.</summary>
    public static string Insert(string source, string statement)
    {
        string[] parts = source.Split(Method);
        int body = parts.Length == 2 ? parts[1].IndexOf(Start, StringComparison.Ordinal) : -1;
        Assert.True(body >= 0, $"{File} no longer has exactly one method {Method.Trim()}…): say in {nameof(PerRow)} where every row comes by now.");
        return parts[0] + Method + parts[1].Insert(body + Start.Length, $"        {statement}\n");
    }
}
