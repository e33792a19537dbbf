namespace StreamRuntime.AspNetCore.Queries;

/// <summary>Which parameter of a request can't be used, and why. Names the parameter, never repeats its value.</summary>
internal sealed record ParameterError(string Parameter, string Message);
