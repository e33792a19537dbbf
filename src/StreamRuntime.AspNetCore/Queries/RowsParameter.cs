using System.Diagnostics.CodeAnalysis;

namespace StreamRuntime.AspNetCore.Queries;

/// <summary>A parameter of a named query, given by the client in the query string.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed record RowsParameter
{
    /// <summary>The parameter's name in the query string, case-sensitive.</summary>
    public required string Name { get; init; }

    /// <summary>What it is. <see cref="RowsParameterType.Text"/> by default.</summary>
    public RowsParameterType Type { get; init; }

    /// <summary>True when a request without it is refused. False by default.</summary>
    public bool IsRequired { get; init; }

    /// <summary>What it is when a client doesn't say, written as a client would; null by default, and so is then the value.</summary>
    public string? Default { get; init; }

    /// <summary>Makes a parameter that every request must give.</summary>
    public static RowsParameter Required(string name, RowsParameterType type = RowsParameterType.Text) => new() { Name = name, Type = type, IsRequired = true };

    /// <summary>Makes a parameter that may be left out.</summary>
    public static RowsParameter Optional(string name, RowsParameterType type = RowsParameterType.Text, string? defaultValue = null) =>
        new() { Name = name, Type = type, Default = defaultValue };

    internal bool TryParse(string text, [NotNullWhen(true)] out object? value) => ParameterText.TryParse(Type, text, out value);
}
