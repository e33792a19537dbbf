using Microsoft.AspNetCore.Http;

namespace StreamRuntime.AspNetCore.Responses;

/// <summary>What a client is told about a failure: never more than it needs. The failure itself, which may name SQL, hosts or values, goes to the log.</summary>
/// <param name="Status">The HTTP status it has before the first row.</param>
/// <param name="Error">What went wrong, as one word.</param>
/// <param name="Detail">The same as a sentence.</param>
/// <param name="Code">SQLSTATE, where a database said one.</param>
internal sealed record StreamProblem(int Status, string Error, string Detail, string? Code = null)
{
    public static StreamProblem Shutdown { get; } = new(StatusCodes.Status503ServiceUnavailable, "Shutdown", "The server is shutting down. Try again later.");

    public static StreamProblem Closed { get; } = new(StatusCodes.Status503ServiceUnavailable, "Closed", "An administrator ended the result.");

    /// <summary>True when the client's resume token is what was wrong.</summary>
    public bool IsRefusedToken => Error is nameof(ErrorKind.ResumeRefused) or nameof(ErrorKind.ResumeExpired);

    public bool IsPassing => Status == StatusCodes.Status503ServiceUnavailable;

    public static StreamProblem Of(Exception failure) => failure switch
    {
        StreamRuntimeException { SqlState: { Length: 5 } code } => OfServer(code),
        StreamRuntimeException own => OfKind(own),
        TimeoutException => new(StatusCodes.Status504GatewayTimeout, nameof(ErrorKind.Timeout), "The query took too long."),
        _ => new(StatusCodes.Status500InternalServerError, "Internal", "The query failed."),
    };

    private static StreamProblem OfKind(StreamRuntimeException failure)
    {
        string error = failure.Kind.ToString();
        return failure.Kind switch
        {
            ErrorKind.ConnectFailed or ErrorKind.ConnectionLost => new(StatusCodes.Status503ServiceUnavailable, error, "The database can't be reached."),
            ErrorKind.Timeout when failure.IsTransient => new(StatusCodes.Status503ServiceUnavailable, error, "The database is too busy to answer."),
            ErrorKind.Timeout => new(StatusCodes.Status504GatewayTimeout, error, "The query took too long."),
            ErrorKind.Protocol => new(StatusCodes.Status502BadGateway, error, "The database's answer makes no sense."),
            ErrorKind.ResumeRefused => new(StatusCodes.Status400BadRequest, error, failure.Message),
            ErrorKind.ResumeExpired => new(StatusCodes.Status410Gone, error, failure.Message),
            ErrorKind.RowTooLarge => new(StatusCodes.Status500InternalServerError, error, "A row is larger than this service passes on."),
            _ => new(StatusCodes.Status500InternalServerError, error, "The query failed."),
        };
    }

    // By class and, where a class is too coarse, by code. A client sends values and no SQL, so only what values can cause is its mistake.
    private static StreamProblem OfServer(string code)
    {
        (int status, string detail) = (code[..2], code) switch
        {
            (_, "42501") or ("0L", _) or ("0P", _) => (StatusCodes.Status403Forbidden, "The database does not allow this query."),
            (_, "57014") => (StatusCodes.Status504GatewayTimeout, "The query took too long, or was cancelled in the database."),
            (_, "55P03") => (StatusCodes.Status503ServiceUnavailable, "What the query needs is locked."),
            ("08", _) or ("57", _) => (StatusCodes.Status503ServiceUnavailable, "The database can't be reached."),
            ("53", _) => (StatusCodes.Status503ServiceUnavailable, "The database has no room for more."),
            ("40", _) => (StatusCodes.Status503ServiceUnavailable, "The query got into another's way. Try again."),
            ("22", _) or (_, "P0001") => (StatusCodes.Status400BadRequest, "A parameter's value can't be used by the query."),
            ("23", _) => (StatusCodes.Status409Conflict, "The query broke a constraint."),
            _ => (StatusCodes.Status500InternalServerError, "The query failed in the database."),
        };
        return new StreamProblem(status, nameof(ErrorKind.Server), detail, code);
    }
}
