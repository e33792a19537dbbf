using Microsoft.AspNetCore.Http;
using StreamRuntime.Resuming;
using StreamRuntime.Streams;

namespace StreamRuntime.AspNetCore.Queries;

/// <summary>A client's request for a named query's rows, its parameters checked.</summary>
/// <remarks>Immutable; its <see cref="HttpContext"/> is not safe for several threads.</remarks>
public sealed class RowsRequest
{
    private readonly Dictionary<string, object?> _values;
    private ResumeTokenOptions? _tokens;
    private TimeSpan _parkAfter = Timeout.InfiniteTimeSpan;


    internal RowsRequest(HttpContext httpContext, string name, Dictionary<string, object?> values, string? resumeToken)
    {
        ResumeToken = resumeToken;
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

    /// <summary>
    /// The resume token that the client has come back with: the query value <c>resume</c>, or what a browser's <c>EventSource</c> sends by itself; null for none. A request with
    /// a token is refused unless its stream is made with <see cref="ToStreamOptions"/>.
    /// </summary>
    public string? ResumeToken { get; }

    /// <summary>True when the stream was made to give tokens.</summary>
    internal bool GivesTokens { get; private set; }

    /// <summary>
    /// A stream's options with what the gateway adds: how tokens are made, the token to go on from, and after how long a pause the stream is parked. With a query that has a key,
    /// they are all that is needed for clients to come back: <c>source.StreamAsync(query.WithKey("id"), request.ToStreamOptions(), stop)</c>.
    /// </summary>
    /// <param name="options">The options to start from; <see cref="JsonRowStreamOptions.Default"/> when null. A <see cref="JsonRowStreamOptions.ParkAfter"/> of their own wins.</param>
    public JsonRowStreamOptions ToStreamOptions(JsonRowStreamOptions? options = null)
    {
        options ??= JsonRowStreamOptions.Default;
        options = options.ParkAfter == Timeout.InfiniteTimeSpan ? options with { ParkAfter = _parkAfter } : options;
        if (_tokens is null)
        {
            return options;
        }

        GivesTokens = true;
        return options with { ResumeTokens = _tokens, ResumeFrom = ResumeToken };
    }

    /// <summary>Says what the gateway adds to a stream. Called before the stream is opened.</summary>
    internal void Attach(ResumeTokenOptions? tokens, TimeSpan parkAfter)
    {
        _tokens = tokens;
        _parkAfter = parkAfter;
    }

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
