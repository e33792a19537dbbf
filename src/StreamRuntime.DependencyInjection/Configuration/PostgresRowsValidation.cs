using Microsoft.Extensions.Options;
using StreamRuntime.Postgres;
using StreamRuntime.Postgres.Configuration;

namespace StreamRuntime.DependencyInjection.Configuration;

/// <summary>Finds out at the host's start what would fail at the first query.</summary>
internal sealed class PostgresRowsValidation : IValidateOptions<PostgresRowsOptions>
{
    /// <summary>What a data source is made from; validated options only.</summary>
    public static PostgresOptions Build(PostgresRowsOptions options) =>
        options.Adjust(ConnectionString.Parse(options.ConnectionString!) with { Pool = options.Pool });

    public ValidateOptionsResult Validate(string? name, PostgresRowsOptions options)
    {
        string at = string.IsNullOrEmpty(name) ? "AddPostgresRows" : $"AddPostgresRows \"{name}\"";
        List<string> errors = [.. options.Errors];
        if (errors.Count == 0 && Find(options) is { } error)
        {
            errors.Add(error);
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors.Select(found => $"{at}: {found}"));
    }

    // The runtime's own messages name the option and hold no secrets.
    private static string? Find(PostgresRowsOptions options)
    {
        if (options.ConnectionString is not { } text)
        {
            return "ConnectionString is missing. An empty one takes everything from the PG* variables.";
        }

        return Try(() => ConnectionString.Parse(text), "ConnectionString: ")
            ?? Try(() => options.Pool.Validate(), "Pool: ")
            ?? Try(() => Build(options).Validate(), "");
    }

    private static string? Try(Action check, string prefix)
    {
        try
        {
            check();
            return null;
        }
        catch (Exception failure) when (failure is StreamRuntimeException or ArgumentException)
        {
            return prefix + failure.Message;
        }
    }
}
