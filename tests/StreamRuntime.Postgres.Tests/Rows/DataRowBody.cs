using System.Buffers.Binary;
using System.Text;

namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>Makes DataRow messages, without their type and length.</summary>
internal static class DataRowBody
{
    public static byte[] Of(params string?[] values) => Of(values.Select(v => v is null ? null : Encoding.UTF8.GetBytes(v)).ToArray());

    public static byte[] Of(params byte[]?[] values)
    {
        var body = new List<byte>();
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt16BigEndian(number, (short)values.Length);
        body.AddRange(number[..2]);
        foreach (byte[]? value in values)
        {
            BinaryPrimitives.WriteInt32BigEndian(number, value?.Length ?? -1);
            body.AddRange(number);
            body.AddRange(value ?? []);
        }

        return [.. body];
    }
}
