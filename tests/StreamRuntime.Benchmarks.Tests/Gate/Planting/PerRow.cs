namespace StreamRuntime.Benchmarks.Tests.Gate.Planting;

/// <summary>Where the runtime's sources can be patched so that every row of every source comes by, once.</summary>
internal static class PerRow
{
    public const string File = "src/StreamRuntime/Streams/RowWriter.cs";

    private const string Start = "\n    {\n";

    // A row is either pointed out in what was received or written.
    private static readonly string[] s_methods = ["    internal void AddScanned(", "    public void EndRow("];

    /// <summary>Puts a statement at the start of the methods that rows go through.</summary>
    public static string Insert(string source, string statement) => s_methods.Aggregate(source, (text, method) => InsertAt(method, text, statement));

    private static string InsertAt(string method, string source, string statement)
    {
        string[] parts = source.Split(method);
        int body = parts.Length == 2 ? parts[1].IndexOf(Start, StringComparison.Ordinal) : -1;
        Assert.True(body >= 0, $"{File} no longer has exactly one method {method.Trim()}…): say in {nameof(PerRow)} where every row comes by now.");
        return parts[0] + method + parts[1].Insert(body + Start.Length, $"        {statement}\n");
    }
}
