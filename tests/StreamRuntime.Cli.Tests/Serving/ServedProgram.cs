using System.Text.RegularExpressions;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Processes;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Cli.Tests.Serving;

/// <summary><c>streamrt serve</c> on a port of its own.</summary>
internal sealed partial class ServedProgram : IAsyncDisposable
{
    private readonly Streamrt _run;

    private ServedProgram(Streamrt run, Uri address)
    {
        _run = run;
        Address = address;
        Http = new HttpClient { BaseAddress = address, Timeout = Streamrt.Limit };
    }

    public Uri Address { get; }

    public HttpClient Http { get; }

    public int Id => _run.Id;

    public string Errors => _run.Errors;

    public static Task<ServedProgram> StartAsync(params string[] arguments) => StartAsync([], arguments);

    /// <summary>Starts the program with environment variables.</summary>
    public static async Task<ServedProgram> StartAsync((string Name, string Value)[] environment, params string[] arguments)
    {
        var run = Streamrt.StartProgram("dotnet", [Streamrt.Program, "serve", .. arguments, "--urls", "http://127.0.0.1:0"], environment);
        Match match = Match.Empty;
        try
        {
            await Wait.UntilAsync(() => (match = Listening().Match(run.Errors)).Success, Streamrt.Limit, "it says where it serves");
        }
        catch (TimeoutException failure)
        {
            throw new InvalidOperationException($"It does not serve:\n{run.Errors}", failure);
        }

        return new ServedProgram(run, new Uri(match.Groups[1].Value + "/"));
    }

    /// <summary>How many bytes it has sent on the connections that are open, as its kernel counts them.</summary>
    public async Task<long> CountSentBytesAsync() => (await ServerConnection.ListAsync(Address.Port)).Sum(c => c.SentBytes);

    /// <summary>Tells the program to end, and waits until it has.</summary>
    public async Task<int> StopAsync(UnixSignal signal = UnixSignal.Terminate)
    {
        _run.Signal(signal);
        return await _run.WaitForExitAsync();
    }

    public Task<int> WaitForExitAsync() => _run.WaitForExitAsync();

    public void Signal(UnixSignal signal) => _run.Signal(signal);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _run.DisposeAsync();
    }

    [GeneratedRegex(@"streamrt: serving .* at (http://127\.0\.0\.1:\d+)")]
    private static partial Regex Listening();
}
