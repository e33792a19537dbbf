using StreamRuntime.AspNetCore.Bridging;

namespace StreamRuntime.AspNetCore.Tests.Bridging;

public sealed class BridgeOptionsTests
{
    public static TheoryData<string, BridgeOptions> OutOfRange => new()
    {
        { "MaxSessions", BridgeOptions.Default with { MaxSessions = 0 } },
        { "ConnectTimeout", BridgeOptions.Default with { ConnectTimeout = TimeSpan.Zero } },
        { "ConnectTimeout", BridgeOptions.Default with { ConnectTimeout = TimeSpan.FromDays(25) } },
        { "BlockedWriteTimeout", BridgeOptions.Default with { BlockedWriteTimeout = TimeSpan.FromSeconds(-3) } },
        { "IdleTimeout", BridgeOptions.Default with { IdleTimeout = TimeSpan.Zero } },
        { "MaxQueuedBytes", BridgeOptions.Default with { MaxQueuedBytes = 65_535 } },
        { "FlushTime", BridgeOptions.Default with { FlushTime = TimeSpan.Zero } },
        { "MaxMessageBytes", BridgeOptions.Default with { MaxMessageBytes = 0 } },
    };

    [Theory]
    [MemberData(nameof(OutOfRange))]
    public void Validate_OutOfRange_NamesTheOption(string name, BridgeOptions options)
    {
        var failure = Assert.Throws<StreamRuntimeException>(options.Validate);
        Assert.Equal(ErrorKind.Configuration, failure.Kind);
        Assert.Contains(name, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_Defaults_Pass() => BridgeOptions.Default.Validate();
}
