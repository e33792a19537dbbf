namespace StreamRuntime.Cli.Arguments;

/// <summary>One option of a command.</summary>
/// <param name="Name">With its dashes.</param>
/// <param name="Value">What the value is called in the help; null for a switch without one.</param>
/// <param name="Help">One or more lines.</param>
/// <param name="IsRepeatable">Whether it may be given more than once.</param>
internal sealed record OptionSpec(string Name, string? Value, string Help, bool IsRepeatable = false);
