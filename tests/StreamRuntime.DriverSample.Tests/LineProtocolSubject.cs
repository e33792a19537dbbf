using StreamRuntime.Streams;
using StreamRuntime.TestKit.Conformance;

namespace StreamRuntime.DriverSample.Tests;

/// <summary>All that the suite needs to know of a driver: how one is opened over a server that does what a script says.</summary>
/// <param name="start">The driver, or a broken variant of it.</param>
internal sealed class LineProtocolSubject(Func<Stream, Task<IRowSource>> start) : SourceUnderTest
{
    private readonly TimeSpan? _patience;

    public LineProtocolSubject(Func<Stream, Task<IRowSource>> start, TimeSpan patience)
        : this(start) => _patience = patience;

    public override SourceAbilities Abilities => SourceAbilities.All;

    public override TimeSpan Patience => _patience ?? base.Patience;

    public override async ValueTask<OpenedSource> OpenAsync(SourceScript script)
    {
        var server = new LineProtocolServer(script);
        var receives = new ReceiveLog();
        IRowSource source = await start(new ObservedStream(await server.ConnectAsync(), receives));
        return new OpenedSource(source) { GoOn = server.GoOn, Receives = receives, IsLetGo = () => server.IsLetGo, CloseAsync = server.DisposeAsync };
    }
}
