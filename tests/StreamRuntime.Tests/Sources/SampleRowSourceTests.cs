using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using StreamRuntime.Sources;
using StreamRuntime.Streams;
using StreamRuntime.Tests.Streams;

namespace StreamRuntime.Tests.Sources;

public sealed class SampleRowSourceTests
{
    [Theory]
    [InlineData(1, 200, "d91a9f5d324930673dd0b890dd8fe2783133ca5a507f4a314a3e3410c49a1d7f")]
    [InlineData(42, 64, "139da3ad3168d6fc1506e183b0fefc92010700cdbc40dd994904d98dd161d769")]
    public async Task SameSeed_GivesTheSameBytesForEver(long seed, int rowBytes, string sha256)
    {
        using var output = new MemoryStream();
        await using JsonRowStream stream = Rows.Stream(new SampleRowSource(1000, rowBytes, seed));
        Assert.Equal(1000, await stream.CopyToAsync(output));
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(output.ToArray())));
    }

    [Theory]
    [InlineData(0, 200, 65536)]
    [InlineData(1, 64, 1)]
    [InlineData(1000, 64, 65536)]
    [InlineData(1000, 65, 1000)]
    [InlineData(3, 1_000_000, 65536)]
    public async Task Rows_AreJsonOfTheSizeAskedFor_InOrder(int count, int rowBytes, int batchBytes)
    {
        await using JsonRowStream stream = Rows.Stream(new SampleRowSource(count, rowBytes, batchBytes: batchBytes));
        string[] rows = await Rows.AllAsync(stream);
        Assert.Equal(count, rows.Length);
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(rowBytes, Encoding.UTF8.GetByteCount(rows[i]));
            using JsonDocument row = JsonDocument.Parse(rows[i]);
            Assert.Equal(i, row.RootElement.GetProperty("id").GetInt64());
            Assert.InRange(row.RootElement.GetProperty("value").GetInt32(), 0, 999_999);
        }

        long most = Math.Max(rowBytes, Math.Min(batchBytes, 256 * 1024));
        Assert.InRange(stream.GetStatistics().PeakBufferedBytes, 0, most);
    }

    [Fact]
    public async Task OtherSeed_GivesOtherRows()
    {
        await using JsonRowStream one = Rows.Stream(new SampleRowSource(1, seed: 1));
        await using JsonRowStream other = Rows.Stream(new SampleRowSource(1, seed: 3));
        Assert.NotEqual(await Rows.AllAsync(one), await Rows.AllAsync(other));
    }

    [Fact]
    public async Task RowsOverTheLimit_EndInAnError()
    {
        await using JsonRowStream stream = Rows.Stream(new SampleRowSource(1, 101), o => o with { MaxRowBytes = 100 });
        Assert.Equal(ErrorKind.RowTooLarge, (await Assert.ThrowsAsync<StreamRuntimeException>(() => Rows.NextAsync(stream))).Kind);
    }

    [Theory]
    [InlineData(-1, 200, 1)]
    [InlineData(1, 63, 1)]
    [InlineData(1, 64 * 1024 * 1024 + 1, 1)]
    [InlineData(1, 64, 0)]
    public void OutOfRange_Throws(long rows, int rowBytes, int batchBytes) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new SampleRowSource(rows, rowBytes, batchBytes: batchBytes));
}
