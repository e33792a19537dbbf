namespace StreamRuntime.Interleaving.Tests.Mutations;

/// <summary>One way to break the machine.</summary>
/// <param name="Name">What is wrong with it.</param>
/// <param name="IsOfTheTable">The transition table alone is wrong, which a look at it tells: the rest of the machine is not made.</param>
/// <param name="Edits">How its text differs.</param>
internal sealed record Mutation(string Name, bool IsOfTheTable, params Edit[] Edits)
{
    public Mutation(string name, params Edit[] edits)
        : this(name, false, edits)
    {
    }

    public override string ToString() => Name;
}

/// <summary>Replaces a text within one method.</summary>
/// <param name="File">The source file.</param>
/// <param name="Method">How the method's first line begins; occurs once in the file.</param>
/// <param name="Old">Occurs once in the method.</param>
/// <param name="New">What stands there instead.</param>
internal sealed record Edit(string File, string Method, string Old, string New)
{
    // Where a member of a type ends.
    private const string End = "\n    }\n";

    /// <exception cref="InvalidOperationException">The text has changed, so that this edit no longer says what to break.</exception>
    public string Apply(string source)
    {
        int start = IndexOfOnly(source, Method);
        int end = source.IndexOf(End, start, StringComparison.Ordinal);
        if (end < 0)
        {
            end = source.Length;
        }

        string body = source[start..end];
        int at = IndexOfOnly(body, Old);
        return string.Concat(source.AsSpan(0, start + at), New, source.AsSpan(start + at + Old.Length));
    }

    private string IndexError(string text, int count) => $"{File}: \"{text}\" occurs {count} times instead of once.";

    private int IndexOfOnly(string source, string text)
    {
        int count = source.AsSpan().Count(text);
        return count == 1 ? source.IndexOf(text, StringComparison.Ordinal) : throw new InvalidOperationException(IndexError(text, count));
    }
}
