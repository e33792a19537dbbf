using StreamRuntime.Benchmarks.Clients;
using StreamRuntime.Benchmarks.Gateway;

// usage: StreamRuntime.Benchmarks.Gateway SUBJECT [CONNECTION]
// Says where it serves, and then answers to what it is told on standard input: "begin" and "end" frame the measured part, "leave" ends it.
if (args is not [string name, .. string[] rest] || rest.Length > 1)
{
    await Console.Error.WriteLineAsync($"usage: StreamRuntime.Benchmarks.Gateway SUBJECT [CONNECTION]; subjects: {string.Join(", ", Served.Names)}");
    return 2;
}

WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxConcurrentUpgradedConnections = null);
Action<WebApplication> map = Served.Prepare(name, builder, rest.Length == 1 ? rest[0] : "");
await using WebApplication application = builder.Build();
map(application);
await application.StartAsync();
Console.WriteLine(application.Urls.First());
while (await Console.In.ReadLineAsync() is { } word && word != "leave")
{
    switch (word)
    {
        case "begin":
            GC.Collect();
            GC.WaitForPendingFinalizers();
            SpinWait.SpinUntil(ClientEvents.Log.IsEnabled, TimeSpan.FromSeconds(10));
            Environment.ProcessCpuUsage used = Environment.CpuUsage;
            ClientEvents.Log.Begin((long)used.UserTime.TotalNanoseconds, (long)used.PrivilegedTime.TotalNanoseconds, GC.GetTotalAllocatedBytes(precise: true));
            break;
        case "end":
            used = Environment.CpuUsage;
            ClientEvents.Log.End((long)used.UserTime.TotalNanoseconds, (long)used.PrivilegedTime.TotalNanoseconds);
            ClientEvents.Log.Allocated(GC.GetTotalAllocatedBytes(precise: true));
            break;
        case "collect":
            GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            break;
    }

    Console.WriteLine(word);
}

// Streams that never end would hold an orderly shutdown up.
Environment.Exit(0);
return 0;
