using System.Globalization;
using Microsoft.Extensions.Configuration;
using StreamRuntime.Connections;
using StreamRuntime.Postgres;

namespace StreamRuntime.DependencyInjection.Configuration;

/// <summary>Reads a data source's options from a section of a configuration: by hand, so that nothing is bound by reflection and a mistyped key is found.</summary>
internal static class PostgresRowsSection
{
    private const string Pool = "Pool";

    // What a connection string has no words for.
    private static readonly Dictionary<string, Action<PostgresRowsOptions, string>> Keys = new(StringComparer.OrdinalIgnoreCase)
    {
        [nameof(PostgresRowsOptions.ConnectionString)] = (options, value) => options.ConnectionString = value,
        [nameof(PostgresOptions.PrepareThreshold)] = (options, value) => Adjust(options, Number(value), (all, number) => all with { PrepareThreshold = number }),
        [nameof(PostgresOptions.MaxPreparedStatements)] = (options, value) => Adjust(options, Number(value), (all, number) => all with { MaxPreparedStatements = number }),
        [nameof(PostgresOptions.ResetsSessions)] = (options, value) => Adjust(options, Truth(value), (all, truth) => all with { ResetsSessions = truth }),
        [nameof(PostgresOptions.DefersSessionResets)] = (options, value) => Adjust(options, Truth(value), (all, truth) => all with { DefersSessionResets = truth }),
        [nameof(PostgresOptions.RunsReadsAgain)] = (options, value) => Adjust(options, Truth(value), (all, truth) => all with { RunsReadsAgain = truth }),
    };

    private static readonly Dictionary<string, Func<ConnectionPoolOptions, string, ConnectionPoolOptions>> PoolKeys = new(StringComparer.OrdinalIgnoreCase)
    {
        [nameof(ConnectionPoolOptions.Name)] = (pool, value) => pool with { Name = value },
        [nameof(ConnectionPoolOptions.MinSize)] = (pool, value) => pool with { MinSize = Number(value) },
        [nameof(ConnectionPoolOptions.MaxSize)] = (pool, value) => pool with { MaxSize = Number(value) },
        [nameof(ConnectionPoolOptions.LeaseTimeout)] = (pool, value) => pool with { LeaseTimeout = Time(value) },
        [nameof(ConnectionPoolOptions.IdleTimeout)] = (pool, value) => pool with { IdleTimeout = Time(value) },
        [nameof(ConnectionPoolOptions.MaxLifetime)] = (pool, value) => pool with { MaxLifetime = Time(value) },
    };

    /// <summary>Reads a section: its own value is a connection string, its keys are options. What can't be used is kept for the validation.</summary>
    public static void Read(IConfiguration configuration, PostgresRowsOptions options)
    {
        if (configuration is IConfigurationSection { Value: { } text })
        {
            options.ConnectionString = text;
        }

        foreach (IConfigurationSection entry in configuration.GetChildren())
        {
            if (entry.Key.Equals(Pool, StringComparison.OrdinalIgnoreCase))
            {
                ReadPool(entry, options);
            }
            else if (!Keys.TryGetValue(entry.Key, out Action<PostgresRowsOptions, string>? set))
            {
                options.Errors.Add($"{entry.Path} is no option. There are {string.Join(", ", Keys.Keys)} and {Pool}; all else is said in the connection string.");
            }
            else
            {
                TrySet(entry, options, value => set(options, value));
            }
        }
    }

    private static void ReadPool(IConfigurationSection pool, PostgresRowsOptions options)
    {
        foreach (IConfigurationSection entry in pool.GetChildren())
        {
            if (PoolKeys.TryGetValue(entry.Key, out Func<ConnectionPoolOptions, string, ConnectionPoolOptions>? set))
            {
                TrySet(entry, options, value => options.Pool = set(options.Pool, value));
            }
            else
            {
                options.Errors.Add($"{entry.Path} is no option of a pool. There are {string.Join(", ", PoolKeys.Keys)}.");
            }
        }
    }

    // Values are not repeated: one that was put in the wrong place may be a password.
    private static void TrySet(IConfigurationSection entry, PostgresRowsOptions options, Action<string> set)
    {
        try
        {
            set(entry.Value ?? "");
        }
        catch (FormatException failure)
        {
            options.Errors.Add($"{entry.Path} must be {failure.Message}");
        }
    }

    private static void Adjust<T>(PostgresRowsOptions options, T value, Func<PostgresOptions, T, PostgresOptions> set)
    {
        Func<PostgresOptions, PostgresOptions> before = options.Adjust;
        options.Adjust = all => set(before(all), value);
    }

    private static int Number(string value) => int.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out int number)
        ? number
        : throw new FormatException("a whole number.");

    private static bool Truth(string value) => bool.TryParse(value, out bool truth) ? truth : throw new FormatException("true or false.");

    private static TimeSpan Time(string value) =>
        value.Equals("infinite", StringComparison.OrdinalIgnoreCase) ? Timeout.InfiniteTimeSpan
        : TimeSpan.TryParseExact(value, "c", CultureInfo.InvariantCulture, out TimeSpan time) ? time
        : throw new FormatException("a time such as 00:00:15, or infinite.");
}
