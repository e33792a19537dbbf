using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Cli.Tests.Serving;

/// <summary>A headless Chromium with one page, driven over its DevTools protocol.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly string[] s_names = ["chromium", "chromium-browser", "google-chrome"];

    private readonly string _folder;
    private readonly ChildProcess _process;
    private readonly ClientWebSocket _socket = new();
    private int _calls;

    private Browser(string folder, ChildProcess process)
    {
        _folder = folder;
        _process = process;
    }

    public static async Task<Browser> OpenAsync(Uri page)
    {
        string program = s_names.SelectMany(n => new[] { $"/usr/bin/{n}", $"/usr/local/bin/{n}", $"/snap/bin/{n}" }).FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException("No browser was found. Run ./test.sh once: it installs what the tests need.");
        string folder = TestFolder.Create("browser");
        ChildProcess process = await ChildProcess.StartAsync(
            program,
            [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                "--remote-debugging-port=0", $"--user-data-dir={folder}", page.AbsoluteUri,
            ],
            folder,
            ServerAccount.Ours,
            UnixSignal.Kill);
        var browser = new Browser(folder, process);
        try
        {
            await browser.ConnectAsync(page);
            await browser.WaitAsync(async () => await browser.EvaluateAsync("document.readyState + ' ' + location.href") == $"complete {page.AbsoluteUri}", "The page was never loaded");
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>A script's value as text.</summary>
    public async Task<string> EvaluateAsync(string script)
    {
        int call = ++_calls;
        var request = new JsonObject
        {
            ["id"] = call,
            ["method"] = "Runtime.evaluate",
            ["params"] = new JsonObject { ["expression"] = script, ["returnByValue"] = true },
        };
        using var limit = new CancellationTokenSource(Streamrt.Limit);
        await _socket.SendAsync(System.Text.Encoding.UTF8.GetBytes(request.ToJsonString()), WebSocketMessageType.Text, endOfMessage: true, limit.Token);
        while (true)
        {
            JsonNode answer = await ReceiveAsync(limit.Token);
            if (answer["id"]?.GetValue<int>() != call)
            {
                continue;
            }

            if (answer["result"]?["exceptionDetails"] is { } thrown)
            {
                throw new InvalidOperationException($"{script} threw {thrown.ToJsonString()}");
            }

            return answer["result"]?["result"]?["value"]?.ToString() ?? "";
        }
    }

    /// <summary>The text of an element.</summary>
    public Task<string> TextAsync(string id) => EvaluateAsync($"document.getElementById('{id}').textContent");

    public async Task<long> NumberAsync(string id) => long.Parse(await TextAsync(id), CultureInfo.InvariantCulture);

    /// <summary>Presses a button that can be pressed.</summary>
    public async Task ClickAsync(string id) =>
        Assert.Equal("true", await EvaluateAsync($"(() => {{ const button = document.getElementById('{id}'); const can = !button.disabled; button.click(); return String(can); }})()"));

    public Task WaitForTextAsync(string id, string text) => WaitAsync(async () => await TextAsync(id) == text, $"{id} never became '{text}'");

    public async Task WaitAsync(Func<Task<bool>> holds, string otherwise)
    {
        long end = Environment.TickCount64 + (long)Streamrt.Limit.TotalMilliseconds;
        while (!await holds())
        {
            if (Environment.TickCount64 > end)
            {
                throw new TimeoutException($"{otherwise}; the page says: {await EvaluateAsync("document.body.innerText.slice(0, 500)")}");
            }

            await Task.Delay(20);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _process.DisposeAsync();
    }

    private async Task ConnectAsync(Uri page)
    {
        string file = Path.Combine(_folder, "DevToolsActivePort");
        await Wait.UntilAsync(() => File.Exists(file) && File.ReadAllLines(file).Length >= 2, Streamrt.Limit, "the browser has started");
        string port = (await File.ReadAllLinesAsync(file))[0];
        using var http = new HttpClient();
        JsonNode? target = null;
        long end = Environment.TickCount64 + (long)Streamrt.Limit.TotalMilliseconds;
        while (target is null)
        {
            JsonArray targets = JsonNode.Parse(await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/json/list")))!.AsArray();
            target = targets.FirstOrDefault(t => t?["type"]?.ToString() == "page" && t["url"]?.ToString() == page.AbsoluteUri);
            if (Environment.TickCount64 > end)
            {
                throw new TimeoutException($"The page was never opened: {targets.ToJsonString()}");
            }
        }

        await _socket.ConnectAsync(new Uri(target["webSocketDebuggerUrl"]!.ToString()), CancellationToken.None);
    }

    private async Task<JsonNode> ReceiveAsync(CancellationToken cancellationToken)
    {
        using var message = new MemoryStream();
        byte[] buffer = new byte[16 * 1024];
        ValueWebSocketReceiveResult received;
        do
        {
            received = await _socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            message.Write(buffer, 0, received.Count);
        }
        while (!received.EndOfMessage);
        return JsonNode.Parse(message.ToArray()) ?? throw new InvalidDataException("The browser sent nothing.");
    }
}
