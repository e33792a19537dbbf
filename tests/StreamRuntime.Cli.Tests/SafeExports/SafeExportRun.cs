using System.Security.Cryptography;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Cli.Tests.SafeExports;

/// <summary>One export's files and its command.</summary>
internal sealed class SafeExportRun
{
    public const string Sql = "select data, id from t";
    private readonly string _folder = TestFolder.Create("export");
    private readonly string _source;

    public SafeExportRun(string source) => _source = source;

    public string OutputPath => Path.Combine(_folder, "out.ndjson");

    public string StatePath => Path.Combine(_folder, "out.state");

    public string[] Arguments => [.. WithSql(Sql)];

    public string[] WithSql(string sql, string key = "id", params string[] more) =>
        ["query", "--source", _source, sql, "--key", key, "--output", OutputPath, "--state", StatePath, "--progress", "never", .. more];

    public Streamrt Start(params string[] more) => Streamrt.Start([.. Arguments, .. more]);

    public async Task<(int ExitCode, string Errors)> RunAsync(params string[] more)
    {
        (int code, string output, string errors) = await Streamrt.RunAsync([.. Arguments, .. more]);
        Assert.Equal("", output);
        return (code, errors);
    }

    public string Hash() => Hash(File.ReadAllBytes(OutputPath));

    public static string Hash(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes));

    public void Begin()
    {
        File.Delete(OutputPath);
        File.Delete(StatePath);
    }

    public void Remove() => Directory.Delete(_folder, recursive: true);
}
