using System.Text;
using StreamRuntime.AspNetCore.WebSockets;

namespace StreamRuntime.AspNetCore.Tests.WebSockets;

public sealed class ControlRequestTests
{
    [Theory]
    [InlineData("""{"type":"pause"}""", ControlKind.Pause)]
    [InlineData(""" { "reason" : {"a":[1]}, "type" : "resume" } """, ControlKind.Resume)]
    [InlineData("""{"type":"end"}""", ControlKind.End)]
    [InlineData("""{"type":"close"}""", ControlKind.Close)]
    [InlineData("""{"type":"stats"}""", ControlKind.Stats)]
    [InlineData("""{"type":"p\u0061use"}""", ControlKind.Pause)]
    [InlineData("""{"type":"Pause"}""", ControlKind.Unknown)]
    [InlineData("""{"type":1}""", ControlKind.Malformed)]
    [InlineData("""{"type":{"type":"pause"}}""", ControlKind.Malformed)]
    [InlineData("""{}""", ControlKind.Malformed)]
    [InlineData("""["pause"]""", ControlKind.Malformed)]
    [InlineData("pause", ControlKind.Malformed)]
    [InlineData("", ControlKind.Malformed)]
    [InlineData("""{"type":"pause"}}""", ControlKind.Malformed)]
    [InlineData("""{"type":"pause" """, ControlKind.Malformed)]
    [InlineData("""{"a":[[[[[[[[[[[[1]]]]]]]]]]]],"type":"pause"}""", ControlKind.Pause)]
    internal void Parse_Text_IsWhatItSays(string text, ControlKind expected) => Assert.Equal(expected, ControlRequest.Parse(Encoding.UTF8.GetBytes(text)).Kind);

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

            ControlKind found = ControlRequest.Parse(mutated.AsSpan(0, random.Next(mutated.Length + 1))).Kind;
            Assert.True(found is ControlKind.Malformed or ControlKind.Unknown or ControlKind.Pause, $"{found}, seed {seed}");
        }
    }
}
