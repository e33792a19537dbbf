using System.Runtime.InteropServices;

namespace StreamRuntime.Postgres.Tests.Configuration;

/// <summary>The real libpq's reading of a connection string, without defaults. It comes with PostgreSQL's client, which the tests need anyway.</summary>
internal static class Libpq
{
    /// <summary>The keys that were given, or null when libpq refuses the string.</summary>
    public static Dictionary<string, string>? Parse(string text)
    {
        nint options = PQconninfoParse(text, out nint message);
        if (options == 0)
        {
            PQfreemem(message);
            return null;
        }

        var values = new Dictionary<string, string>();
        for (nint at = options; Marshal.ReadIntPtr(at) != 0; at += Marshal.SizeOf<Option>())
        {
            Option option = Marshal.PtrToStructure<Option>(at);
            if (option.Value != 0)
            {
                values[Marshal.PtrToStringUTF8(option.Keyword)!] = Marshal.PtrToStringUTF8(option.Value)!;
            }
        }

        PQconninfoFree(options);
        return values;
    }

    /// <summary>Every key this libpq knows, with its environment variable or null.</summary>
    public static Dictionary<string, string?> Keywords()
    {
        nint options = PQconninfoParse("", out _);
        var keywords = new Dictionary<string, string?>();
        for (nint at = options; Marshal.ReadIntPtr(at) != 0; at += Marshal.SizeOf<Option>())
        {
            Option option = Marshal.PtrToStructure<Option>(at);
            keywords[Marshal.PtrToStringUTF8(option.Keyword)!] = Marshal.PtrToStringUTF8(option.Variable);
        }

        PQconninfoFree(options);
        return keywords;
    }

    [DllImport("libpq.so.5")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint PQconninfoParse([MarshalAs(UnmanagedType.LPUTF8Str)] string text, out nint message);

    [DllImport("libpq.so.5")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void PQconninfoFree(nint options);

    [DllImport("libpq.so.5")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void PQfreemem(nint memory);

    // PQconninfoOption of libpq-fe.h.
    [StructLayout(LayoutKind.Sequential)]
    private struct Option
    {
        public nint Keyword;
        public nint Variable;
        public nint Preset;
        public nint Value;
        public nint Label;
        public nint DisplayKind;
        public int DisplaySize;
    }
}
