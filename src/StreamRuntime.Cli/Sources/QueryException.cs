namespace StreamRuntime.Cli.Sources;

/// <summary>The server refused the query. The message is for people, with the place in the query marked.</summary>
internal sealed class QueryException(string message, Exception cause) : Exception(message, cause);
