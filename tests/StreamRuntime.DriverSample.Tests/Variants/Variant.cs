namespace StreamRuntime.DriverSample.Tests.Variants;

/// <summary>One way to break the driver.</summary>
/// <param name="Rule">The rule it breaks.</param>
/// <param name="Name">What is wrong with it.</param>
/// <param name="Says">What the suite says of it, in part.</param>
/// <param name="Edits">How its text differs.</param>
internal sealed record Variant(string Rule, string Name, string Says, params Edit[] Edits)
{
    /// <summary>The driver's text with the edits.</summary>
    /// <exception cref="InvalidOperationException">The text has changed, so that an edit no longer says what to break.</exception>
    public string Apply(string source) => Edits.Aggregate(source, (text, edit) => edit.Apply(text));

    public override string ToString() => $"{Rule}: {Name}";
}

/// <summary>Replaces a text.</summary>
/// <param name="Old">Occurs once.</param>
/// <param name="New">What stands there instead.</param>
internal sealed record Edit(string Old, string New)
{
    public string Apply(string source)
    {
        int count = source.AsSpan().Count(Old);
        return count == 1
            ? source.Replace(Old, New, StringComparison.Ordinal)
            : throw new InvalidOperationException($"\"{Old}\" occurs {count} times instead of once.");
    }
}
