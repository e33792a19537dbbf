using System.Text;

namespace StreamRuntime.Postgres.Configuration;

/// <summary>libpq's password file: lines of <c>host:port:database:user:password</c>.</summary>
internal static class PasswordFile
{
    private const UnixFileMode OthersMay =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>The file's text; null, and a warning where libpq gives one, when it is not to be used.</summary>
    public static string? Read(string path, ConnectionSurroundings surroundings, List<string> warnings)
    {
        if (!surroundings.FileExists(path))
        {
            return null;
        }

        if ((surroundings.FileMode(path) & OthersMay) is not (null or UnixFileMode.None))
        {
            warnings.Add($"The password file {path} is ignored: group or others have access to it. Its permissions should be u=rw (0600) or less.");
            return null;
        }

        return surroundings.ReadFile(path);
    }

    /// <summary>The password on the first line that matches; null when none does.</summary>
    public static string? Find(string text, string host, string port, string database, string user)
    {
        foreach (Range line in text.AsSpan().Split('\n'))
        {
            ReadOnlySpan<char> rest = text.AsSpan(line).TrimEnd('\r');
            if (!rest.StartsWith('#') && Matches(ref rest, host) && Matches(ref rest, port) && Matches(ref rest, database) && Matches(ref rest, user))
            {
                return Unescape(rest);
            }
        }

        return null;
    }

    /// <summary>Takes one field and its colon off the line, if the field is the value or a lone asterisk.</summary>
    private static bool Matches(ref ReadOnlySpan<char> line, string value)
    {
        if (line.StartsWith("*:"))
        {
            line = line[2..];
            return true;
        }

        int position = 0;
        foreach (char expected in value)
        {
            // A colon within the value needs no backslash, so IPv6 addresses may be written as they are.
            position += position < line.Length && line[position] == '\\' ? 1 : 0;
            if (position >= line.Length || line[position] != expected)
            {
                return false;
            }

            position++;
        }

        if (position >= line.Length || line[position] != ':')
        {
            return false;
        }

        line = line[(position + 1)..];
        return true;
    }

    // Up to a further colon: libpq leaves room for more fields.
    private static string Unescape(ReadOnlySpan<char> field)
    {
        var password = new StringBuilder(field.Length);
        for (int i = 0; i < field.Length && field[i] != ':'; i++)
        {
            i += field[i] == '\\' && i + 1 < field.Length ? 1 : 0;
            password.Append(field[i]);
        }

        return password.ToString();
    }
}
