using System.Text.Json;
using StreamRuntime.AspNetCore.Bridging;

namespace StreamRuntime.AspNetCore.Tests.Bridging;

public sealed class ControlMessagesTests
{
    [Fact]
    public void WriteStatistics_OfTheLargestNumbers_FitsAndIsJson()
    {
        var statistics = new BridgeStatistics
        {
            Id = long.MaxValue,
            Endpoint = "/x",
            Backend = "tcp",
            State = BridgeState.Connecting,
            TimeInState = [],
            Transitions = 4,
            SinceLastActivity = TimeSpan.Zero,
            BytesToClient = long.MaxValue,
            MessagesToClient = long.MaxValue,
            BytesToBackend = long.MaxValue,
            MessagesToBackend = long.MaxValue,
            QueuedMessages = int.MaxValue,
            QueuedBytes = long.MaxValue,
            IsPaused = false,
            Pauses = int.MaxValue,
            PausedTime = TimeSpan.Zero,
        };
        byte[] buffer = new byte[ControlMessages.MostStatisticsBytes];
        using JsonDocument json = JsonDocument.Parse(buffer.AsMemory(0, ControlMessages.WriteStatistics(statistics, buffer)));
        Assert.Equal("stats", json.RootElement.GetProperty("type").GetString());
        Assert.Equal(long.MaxValue, json.RootElement.GetProperty("bytesToBackend").GetInt64());
    }
}
