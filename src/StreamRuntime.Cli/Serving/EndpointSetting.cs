using Microsoft.Extensions.Configuration;
using StreamRuntime.AspNetCore.Queries;
using StreamRuntime.Cli.Arguments;
using StreamRuntime.Cli.Sources;
using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Cli.Serving;

/// <summary>A named query as it was asked for.</summary>
/// <param name="Name">The last part of its path.</param>
/// <param name="Statement">Its SQL; null for a source without any.</param>
/// <param name="Parameters">What a client may, or must, say.</param>
/// <param name="Key">The columns by which its rows are ordered and found again; null for none.</param>
internal sealed record EndpointSetting(string Name, NamedStatement? Statement, IReadOnlyList<RowsParameter> Parameters, string? Key = null)
{
    // What is served where nothing was named and the source needs no SQL.
    private const string OnlyName = "rows";

    public static IReadOnlyList<EndpointSetting> ReadAll(ServeSettings settings, SourceKind source)
    {
        bool takesSql = source == SourceKind.Postgres;
        List<EndpointSetting> found = [.. settings.GetAll("--endpoint").Select(e => FromText(e, takesSql))];
        foreach (IConfigurationSection section in settings.Endpoints)
        {
            if (found.TrueForAll(e => e.Name != section.Key))
            {
                found.Add(FromSection(section, takesSql));
            }
        }

        string? doubled = found.GroupBy(e => e.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1)?.Key;
        if (doubled is not null)
        {
            throw new UsageException($"There are two endpoints called {doubled}.");
        }

        foreach (string key in settings.GetAll("--key"))
        {
            AddKey(found, key, takesSql);
        }

        if (found.Count == 0)
        {
            return takesSql
                ? throw new UsageException("An endpoint is needed: --endpoint \"orders=select data from orders\"")
                : [new EndpointSetting(OnlyName, null, [])];
        }

        return found;
    }

    private static void AddKey(List<EndpointSetting> endpoints, string text, bool takesSql)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (!takesSql || equals <= 0)
        {
            throw new UsageException(takesSql ? $"--key takes NAME=COLUMNS, as in \"orders=id\", not '{text}'." : "Only a PostgreSQL source takes --key; a file is continued without one.");
        }

        int at = endpoints.FindIndex(e => e.Name == text[..equals]);
        if (at < 0)
        {
            throw new UsageException($"--key {text}: there is no endpoint {text[..equals]}.");
        }

        endpoints[at] = endpoints[at] with { Key = CheckKey(text[..equals], text[(equals + 1)..]) };
    }

    private static string CheckKey(string name, string key)
    {
        try
        {
            return new PostgresQuery("select").WithKey(key).RowKey!;
        }
        catch (StreamRuntimeException failure)
        {
            throw new UsageException($"The endpoint {name}: {failure.Message}");
        }
    }

    private static EndpointSetting FromText(string text, bool takesSql)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (!takesSql)
        {
            return equals < 0 ? new EndpointSetting(text, null, []) : throw new UsageException($"--endpoint {text[..equals]}: only a PostgreSQL source takes SQL.");
        }

        if (equals <= 0 || string.IsNullOrWhiteSpace(text[(equals + 1)..]))
        {
            throw new UsageException($"--endpoint takes NAME=SQL, as in \"orders=select data from orders\", not '{text}'.");
        }

        NamedStatement statement = Parse(text[..equals], text[(equals + 1)..]);
        return new EndpointSetting(text[..equals], statement, [.. statement.ParameterNames.Select(n => RowsParameter.Required(n))]);
    }

    private static EndpointSetting FromSection(IConfigurationSection section, bool takesSql)
    {
        string? sql = section.Value ?? section["sql"];
        if (!takesSql)
        {
            return string.IsNullOrEmpty(sql) ? new EndpointSetting(section.Key, null, []) : throw new UsageException($"The endpoint {section.Key} has SQL, which only a PostgreSQL source takes.");
        }

        if (string.IsNullOrWhiteSpace(sql))
        {
            throw new UsageException($"The endpoint {section.Key} has no SQL: write \"{section.Key}\": \"select …\", or {{\"sql\": \"select …\"}}.");
        }

        foreach (IConfigurationSection child in section.GetChildren())
        {
            if (child.Key is not ("sql" or "parameters" or "key"))
            {
                throw new UsageException($"The endpoint {section.Key} has a setting {child.Key}; it takes sql, parameters and key.");
            }
        }

        NamedStatement statement = Parse(section.Key, sql);
        Dictionary<string, IConfigurationSection> said = section.GetSection("parameters").GetChildren().ToDictionary(p => p.Key, StringComparer.Ordinal);
        RowsParameter[] parameters = [.. statement.ParameterNames.Select(n => said.Remove(n, out IConfigurationSection? p) ? FromSection(section.Key, p) : RowsParameter.Required(n))];
        return said.Count == 0
            ? new EndpointSetting(section.Key, statement, parameters, section["key"] is { } key ? CheckKey(section.Key, key) : null)
            : throw new UsageException($"The endpoint {section.Key} describes a parameter {said.Keys.First()}, which its SQL does not use.");
    }

    private static RowsParameter FromSection(string endpoint, IConfigurationSection section)
    {
        var type = RowsParameterType.Text;
        bool? required = null;
        string? byDefault = null;
        foreach (IConfigurationSection setting in section.GetChildren())
        {
            switch (setting.Key)
            {
                case "type":
                    if (!Enum.TryParse(setting.Value, ignoreCase: true, out type) || !Enum.IsDefined(type))
                    {
                        throw new UsageException($"The parameter {section.Key} of {endpoint} can't be a '{setting.Value}'. Types are {string.Join(", ", Enum.GetNames<RowsParameterType>())}.");
                    }

                    break;
                case "required":
                    required = bool.TryParse(setting.Value, out bool is_) ? is_ : throw new UsageException($"The parameter {section.Key} of {endpoint}: required is true or false.");
                    break;
                case "default":
                    byDefault = setting.Value;
                    break;
                default:
                    throw new UsageException($"The parameter {section.Key} of {endpoint} has a setting {setting.Key}; it takes type, required and default.");
            }
        }

        return new RowsParameter { Name = section.Key, Type = type, IsRequired = required ?? byDefault is null, Default = byDefault };
    }

    private static NamedStatement Parse(string name, string sql)
    {
        try
        {
            return NamedStatement.Parse(sql);
        }
        catch (StreamRuntimeException failure)
        {
            throw new UsageException($"The endpoint {name}: {failure.Message}");
        }
    }
}
