using System.Text;

namespace StreamRuntime.Postgres.Authentication;

/// <summary>Prepares a password for SCRAM (SASLprep, RFC 4013), as PostgreSQL does when it stores one.</summary>
/// <remarks>
/// PostgreSQL checks for prohibited characters before normalizing, not after as the RFC words it, and takes a password that SASLprep
/// refuses as its plain UTF-8 bytes. Both sides of a login must agree, so we do the same.
/// </remarks>
internal static class SaslPrep
{
    /// <summary>The bytes to hash. The caller zeroes them.</summary>
    public static byte[] Prepare(string password)
    {
        if (Ascii.IsValid(password))
        {
            return Encoding.ASCII.GetBytes(password);
        }

        return TryPrepare(password, out string prepared) ? Encoding.UTF8.GetBytes(prepared) : Encoding.UTF8.GetBytes(password);
    }

    /// <summary>False when SASLprep does not allow the password, or leaves nothing of it.</summary>
    internal static bool TryPrepare(string password, out string prepared)
    {
        prepared = "";
        var mapped = new List<int>(password.Length);
        for (int i = 0; i < password.Length; i++)
        {
            if (!Rune.TryGetRuneAt(password, i, out Rune rune))
            {
                return false;
            }

            i += rune.Utf16SequenceLength - 1;
            if (IsIn(SaslPrepTables.OtherSpaces, rune.Value))
            {
                mapped.Add(' ');
            }
            else if (!IsIn(SaslPrepTables.Dropped, rune.Value))
            {
                mapped.Add(rune.Value);
            }
        }

        if (mapped.Count == 0 || mapped.Exists(IsProhibited) || !IsOneDirection(mapped))
        {
            return false;
        }

        var text = new StringBuilder(password.Length);
        foreach (int codePoint in CompatibilityNormalization.Normalize(mapped))
        {
            text.Append(new Rune(codePoint).ToString());
        }

        prepared = text.ToString();
        return true;
    }

    private static bool IsProhibited(int codePoint) => IsIn(SaslPrepTables.Prohibited, codePoint);

    private static bool IsRightToLeft(int codePoint) => IsIn(SaslPrepTables.RightToLeft, codePoint);

    private static bool IsLeftToRight(int codePoint) => IsIn(SaslPrepTables.LeftToRight, codePoint);

    // RFC 3454, section 6: right-to-left text begins and ends so and holds nothing written the other way.
    private static bool IsOneDirection(List<int> text) =>
        !text.Exists(IsRightToLeft) || (IsRightToLeft(text[0]) && IsRightToLeft(text[^1]) && !text.Exists(IsLeftToRight));

    private static bool IsIn(ReadOnlySpan<int> ranges, int codePoint)
    {
        int low = 0;
        int high = (ranges.Length / 2) - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (codePoint < ranges[2 * middle])
            {
                high = middle - 1;
            }
            else if (codePoint > ranges[(2 * middle) + 1])
            {
                low = middle + 1;
            }
            else
            {
                return true;
            }
        }

        return false;
    }
}
