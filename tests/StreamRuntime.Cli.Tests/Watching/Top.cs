using System.Globalization;
using System.Text.Json;
using StreamRuntime.Cli.Tests.Processes;

namespace StreamRuntime.Cli.Tests.Watching;

/// <summary><c>streamrt top --json</c>, a refresh at a time.</summary>
internal sealed class Top : IAsyncDisposable
{
    private readonly Streamrt _run;
    private readonly StreamReader _lines;

    private Top(Streamrt run)
    {
        _run = run;
        _lines = new StreamReader(run.Output);
    }

    public string Errors => _run.Errors;

    public static Top Start(int processId, params string[] arguments) =>
        new(Streamrt.Start(["top", processId.ToString(CultureInfo.InvariantCulture), "--json", .. arguments.Contains("--interval") ? [] : (string[])["--interval", "200ms"], .. arguments]));

    /// <summary>The next refresh; null when there is none any more.</summary>
    public async Task<JsonElement?> ReadAsync()
    {
        string? line = await _lines.ReadLineAsync().WaitAsync(Streamrt.Limit);
        if (line is null)
        {
            return null;
        }

        using JsonDocument refresh = JsonDocument.Parse(line);
        return refresh.RootElement.Clone();
    }

    /// <summary>The first refresh of which something holds.</summary>
    public async Task<JsonElement> UntilAsync(Func<JsonElement, bool> holds, string what)
    {
        for (int refreshes = 0; refreshes < 150; refreshes++)
        {
            JsonElement refresh = await ReadAsync() ?? throw new InvalidOperationException($"It ended before {what}:\n{Errors}");
            if (holds(refresh))
            {
                return refresh;
            }
        }

        throw new TimeoutException($"It never showed that {what}.");
    }

    public Task<int> WaitForExitAsync() => _run.WaitForExitAsync();

    public void Signal(TestKit.Processes.UnixSignal signal) => _run.Signal(signal);

    public async ValueTask DisposeAsync()
    {
        _lines.Dispose();
        await _run.DisposeAsync();
    }
}
