using Microsoft.AspNetCore.Http;

namespace StreamRuntime.AspNetCore.Queries;

/// <summary>A client's request for a named query's rows, its parameters checked.</summary>
/// <remarks>Immutable; its <see cref="HttpContext"/> is not safe for several threads.</remarks>
public sealed class RowsRequest
{
    private readonly Dictionary<string, object?> _values;

    internal RowsRequest(HttpContext httpContext, string name, Dictionary<string, object?> values)
    {
        HttpContext = httpContext;
        Name = name;
        _values = values;
    }

    /// <summary>The request, with the user who made it.</summary>
    public HttpContext HttpContext { get; }

    /// <summary>The query's name.</summary>
    public string Name { get; }

    /// <summary>Every parameter's value by its name: given, by default, or null.</summary>
    public IReadOnlyDictionary<string, object?> Values => _values;

    /// <summary>A parameter's value.</summary>
    /// <typeparam name="T">The parameter's type; nullable for one that may be left out.</typeparam>
    /// <param name="name">The parameter's name.</param>
    /// <exception cref="KeyNotFoundException">The query has no such parameter.</exception>
    /// <exception cref="InvalidCastException">The parameter is of another type, or was left out and <typeparamref name="T"/> holds no null.</exception>
    public T Get<T>(string name) => _values[name] switch
    {
        T value => value,
        null when default(T) is null => default!,
        null => throw new InvalidCastException($"The parameter {name} was left out, and {typeof(T).Name} holds no null."),
        { } other => throw new InvalidCastException($"The parameter {name} is a {other.GetType().Name}, not a {typeof(T).Name}."),
    };
}
