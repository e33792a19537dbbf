using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using StreamRuntime.Streams;

namespace StreamRuntime.AspNetCore.Queries;

/// <summary>A named query: what a client may ask for, and how its rows are had.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed class RowsEndpoint
{
    /// <summary>The query value that carries a token; no parameter can have its name.</summary>
    public const string TokenParameter = "access_token";

    /// <summary>The query value that asks for control lines; no parameter can have its name.</summary>
    public const string ControlParameter = "control";

    /// <summary>The query value that carries a resume token; no parameter can have its name.</summary>
    public const string ResumeParameter = "resume";

    // What a browser's EventSource says when it comes back: the id of the last event it was sent.
    private const string LastEventHeader = "Last-Event-ID";

    private static readonly string[] Reserved = [TokenParameter, ControlParameter, ResumeParameter];

    private static readonly Dictionary<string, object?> NoValues = [];

    private readonly RowsParameter[] _parameters;
    private readonly object?[] _defaults;

    /// <summary>Makes a named query.</summary>
    /// <param name="name">The last part of its path: letters, digits, <c>_</c>, <c>-</c> and <c>.</c></param>
    /// <param name="open">Opens the stream for one request. The stream is disposed by the gateway.</param>
    /// <param name="parameters">What a client may, or must, say.</param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: a name or a default can't be used.</exception>
    public RowsEndpoint(string name, Func<RowsRequest, CancellationToken, ValueTask<JsonRowStream>> open, params IEnumerable<RowsParameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(open);
        ArgumentNullException.ThrowIfNull(parameters);
        Name = name;
        Open = open;
        _parameters = [.. parameters];
        _defaults = new object?[_parameters.Length];
        Check();
    }

    /// <summary>The query's name, the last part of its path.</summary>
    public string Name { get; }

    /// <summary>Opens the stream for one request.</summary>
    public Func<RowsRequest, CancellationToken, ValueTask<JsonRowStream>> Open { get; }

    /// <summary>What a client may, or must, say.</summary>
    public IReadOnlyList<RowsParameter> Parameters => _parameters;

    /// <summary>Reads a request's parameters.</summary>
    /// <returns>The first that can't be used; null when all can.</returns>
    internal ParameterError? Read(HttpContext context, out RowsRequest? request)
    {
        request = null;
        if (_parameters.Length == 0 && !context.Request.QueryString.HasValue)
        {
            // Nothing to read: a connection that lives long need not keep what reading would make.
            request = new RowsRequest(context, Name, NoValues, LastEvent(context));
            return null;
        }

        IQueryCollection query = context.Request.Query;
        foreach (string given in query.Keys)
        {
            if (!Reserved.Contains(given, StringComparer.Ordinal) && !_parameters.Any(p => p.Name == given))
            {
                return new ParameterError(given, "There is no such parameter.");
            }
        }

        var values = new Dictionary<string, object?>(_parameters.Length, StringComparer.Ordinal);
        for (int i = 0; i < _parameters.Length; i++)
        {
            RowsParameter parameter = _parameters[i];

            // A query collection finds names in any case; a parameter has one spelling.
            StringValues given = query.Keys.Contains(parameter.Name, StringComparer.Ordinal) ? query[parameter.Name] : StringValues.Empty;
            if (given.Count == 0)
            {
                if (parameter.IsRequired)
                {
                    return new ParameterError(parameter.Name, "The parameter is required.");
                }

                values[parameter.Name] = _defaults[i];
            }
            else if (given.Count > 1)
            {
                return new ParameterError(parameter.Name, "The parameter is given more than once.");
            }
            else if (parameter.TryParse(given[0] ?? "", out object? value))
            {
                values[parameter.Name] = value;
            }
            else
            {
                return new ParameterError(parameter.Name, $"The parameter must be {ParameterText.NameOf(parameter.Type)}.");
            }
        }

        // An EventSource keeps the address it was made with, so what it says later wins.
        StringValues resume = query[ResumeParameter];
        if (resume.Count > 1)
        {
            return new ParameterError(ResumeParameter, "The parameter is given more than once.");
        }

        request = new RowsRequest(context, Name, values, LastEvent(context) ?? (resume.Count == 1 ? resume[0] : null));
        return null;
    }

    /// <summary>Opens the stream for a request; one with a resume token is refused where it would be passed over.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.ResumeRefused"/>, or whatever opening fails with.</exception>
    internal async ValueTask<JsonRowStream> OpenAsync(RowsRequest request, CancellationToken cancellationToken)
    {
        JsonRowStream stream;
        try
        {
            stream = await Open(request, cancellationToken).ConfigureAwait(false);
        }
        catch (NotSupportedException cause) when (request.ResumeToken is not null)
        {
            throw NotContinued(cause);
        }

        if (request.ResumeToken is not null && !request.GivesTokens)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw NotContinued();
        }

        return stream;
    }

    private static string? LastEvent(HttpContext context) => context.Request.Headers[LastEventHeader] is [{ Length: > 0 } id] ? id : null;

    private static StreamRuntimeException NotContinued(Exception? cause = null) =>
        new(ErrorKind.ResumeRefused, "The resume token is refused: this query can't be continued. Begin it anew.", cause);

    private void Check()
    {
        Check(Name.Length is > 0 and <= 128 && Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.'), $"'{Name}' is no name for a query: letters, digits, '_', '-' and '.' make one.");
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < _parameters.Length; i++)
        {
            RowsParameter parameter = _parameters[i];
            Check(!string.IsNullOrEmpty(parameter.Name), $"A parameter of {Name} has no name.");
            Check(!Reserved.Contains(parameter.Name, StringComparer.OrdinalIgnoreCase), $"The parameter {parameter.Name} of {Name} has a reserved name.");
            Check(seen.Add(parameter.Name), $"{Name} has two parameters called {parameter.Name}.");
            Check(Enum.IsDefined(parameter.Type), $"The parameter {parameter.Name} of {Name} has no type.");
            Check(!parameter.IsRequired || parameter.Default is null, $"The parameter {parameter.Name} of {Name} is required, so its default is never used.");
            Check(parameter.Default is null || parameter.TryParse(parameter.Default, out _defaults[i]), $"The default of {Name}'s parameter {parameter.Name} is not {ParameterText.NameOf(parameter.Type)}.");
        }
    }

    private static void Check(bool holds, string message)
    {
        if (!holds)
        {
            throw new StreamRuntimeException(ErrorKind.Configuration, message);
        }
    }
}
