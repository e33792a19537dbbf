using System.Net;
using System.Text.Json;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Cli.Tests.Serving;

/// <summary>Somebody who may look at a served program's sessions and end them.</summary>
internal sealed class ServeAdministrator(string tokenFile) : IDisposable
{
    private const string Token = "0123456789abcdef-admin";

    private readonly HttpClient _http = new() { Timeout = Streamrt.Limit, DefaultRequestHeaders = { Authorization = new("Bearer", Token) } };

    /// <summary>What the program has to be started with.</summary>
    public string[] Arguments { get; } = ["--admin-token-file", tokenFile];

    public static async Task<ServeAdministrator> CreateAsync()
    {
        string file = Path.Combine(TestFolder.Create("serve"), "admins");
        await File.WriteAllTextAsync(file, Token + "\n");
        return new ServeAdministrator(file);
    }

    public async Task<JsonElement> ListAsync(ServedProgram served)
    {
        using JsonDocument list = JsonDocument.Parse(await _http.GetStringAsync(new Uri(served.Address, "sessions")));
        return list.RootElement.Clone();
    }

    public async Task<HttpStatusCode> DoAsync(ServedProgram served, long session, string what)
    {
        using HttpResponseMessage response = await _http.PostAsync(new Uri(served.Address, $"sessions/{session}/{what}"), null);
        return response.StatusCode;
    }

    /// <summary>Waits until nobody is served and every count is zero.</summary>
    public Task QuietAsync(ServedProgram served) => Wait.UntilAsync(
        async () =>
        {
            JsonElement list = await ListAsync(served);
            return list.GetProperty("connections").GetInt32() == 0
                && list.GetProperty("runningStreams").GetInt32() == 0
                && list.GetProperty("pausedStreams").GetInt32() == 0
                && list.GetProperty("sessions").GetArrayLength() == 0;
        },
        Streamrt.Limit,
        "every count is zero");

    public void Dispose() => _http.Dispose();
}
