using System.Text;
using System.Text.Json;
using StreamRuntime.AspNetCore.Bridging;

namespace StreamRuntime.AspNetCore.Tests.Bridging;

public sealed class ControlMessagesTests
{
    [Theory]
    [InlineData("""{"type":"pause"}""", ClientEvent.Pause)]
    [InlineData(""" { "reason" : {"a":[1]}, "type" : "resume" } """, ClientEvent.Resume)]
    [InlineData("""{"type":"end"}""", ClientEvent.EndOfBytes)]
    [InlineData("""{"type":"close"}""", ClientEvent.Close)]
    [InlineData("""{"type":"stats"}""", ClientEvent.Statistics)]
    [InlineData("""{"type":"p\u0061use"}""", ClientEvent.Pause)]
    [InlineData("""{"type":"Pause"}""", ClientEvent.Unknown)]
    [InlineData("""{"type":1}""", ClientEvent.Unknown)]
    [InlineData("""{"type":{"type":"pause"}}""", ClientEvent.Unknown)]
    [InlineData("""{}""", ClientEvent.Unknown)]
    [InlineData("""["pause"]""", ClientEvent.Unknown)]
    [InlineData("pause", ClientEvent.Unknown)]
    [InlineData("", ClientEvent.Unknown)]
    [InlineData("""{"type":"pause"}}""", ClientEvent.Unknown)]
    [InlineData("""{"type":"pause" """, ClientEvent.Unknown)]
    [InlineData("""{"a":[[[[[[[[[[[[1]]]]]]]]]]]],"type":"pause"}""", ClientEvent.Unknown)]
    internal void Parse_Text_IsWhatItSays(string text, ClientEvent expected) => Assert.Equal(expected, ControlMessages.Parse(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Parse_BytesOfAnyKind_NeverThrows()
    {
        int seed = Random.Shared.Next();
        var random = new Random(seed);
        byte[] valid = "{\"type\":\"pause\",\"reason\":\"x\\u0000\"}"u8.ToArray();
        for (int i = 0; i < 100_000; i++)
        {
            byte[] mutated = [.. valid];
            for (int changes = random.Next(1, 4); changes > 0; changes--)
            {
                mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            }

            ClientEvent found = ControlMessages.Parse(mutated.AsSpan(0, random.Next(mutated.Length + 1)));
            Assert.True(found is ClientEvent.Unknown or ClientEvent.Pause, $"{found}, seed {seed}");
        }
    }

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
