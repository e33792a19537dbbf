using System.Globalization;
using Microsoft.Extensions.Configuration;
using StreamRuntime.Cli.Arguments;

namespace StreamRuntime.Cli.Serving;

/// <summary>The settings of <c>streamrt serve</c> from everywhere they may come from, by the names of its options.</summary>
internal sealed class ServeSettings
{
    public const string Section = "Serve";
    public const string EndpointsSection = "endpoints";

    private const string DefaultFile = "appsettings.json";
    private const string VariablePrefix = "STREAMRT_";

    private readonly ParsedArguments _arguments;
    private readonly IConfigurationSection _section;

    private ServeSettings(ParsedArguments arguments, IConfiguration configuration)
    {
        _arguments = arguments;
        Configuration = configuration;
        _section = configuration.GetSection(Section);
    }

    public IConfiguration Configuration { get; }

    /// <summary>The endpoints of the configuration, by name.</summary>
    public IEnumerable<IConfigurationSection> Endpoints => _section.GetSection(EndpointsSection).GetChildren();

    /// <exception cref="UsageException">The file can't be used, or there is a setting that we don't know.</exception>
    public static ServeSettings Load(CommandSpec command, ParsedArguments arguments)
    {
        string? file = arguments.Get("--config");
        string path = Path.GetFullPath(file ?? DefaultFile);
        if (file is not null && !File.Exists(path))
        {
            throw new UsageException($"--config: there is no file '{file}'.");
        }

        IConfiguration configuration;
        try
        {
            configuration = new ConfigurationBuilder()
                .AddJsonFile(path, optional: true, reloadOnChange: false)
                .AddEnvironmentVariables()
                .AddInMemoryCollection(Variables())
                .Build();
        }
        catch (Exception failure) when (failure is InvalidDataException or FormatException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"The configuration file '{path}' can't be used: {failure.GetBaseException().Message}");
        }

        var settings = new ServeSettings(arguments, configuration);
        settings.CheckNames(command);
        return settings;
    }

    public string? Get(string option) => _arguments.Get(option) ?? _section[Key(option)];

    public bool Has(string option) => _arguments.Has(option) || (_section[Key(option)] is { } value && Truth(option, value));

    /// <summary>All values of a repeatable option; the command line's replace the others.</summary>
    public List<string> GetAll(string option)
    {
        List<string> given = _arguments.GetAll(option);
        if (given.Count > 0)
        {
            return given;
        }

        IConfigurationSection section = _section.GetSection(Key(option));
        return section.Value is { } one
            ? [.. one.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)]
            : [.. section.GetChildren().Select(c => c.Value ?? "")];
    }

    public int Count(string option, int otherwise, int least)
    {
        if (Get(option) is not { } text)
        {
            return otherwise;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= least
            ? count
            : throw new UsageException($"{option} takes a whole number from {least}, not '{text}'.");
    }

    public TimeSpan Time(string option, TimeSpan otherwise, bool mayBeZero = false) => Get(option) is { } text ? Quantity.Time(option, text, mayBeZero) : otherwise;

    public int Size(string option, int otherwise, int least, int most) => Get(option) is { } text ? Quantity.Size(option, text, least, most) : otherwise;

    private static string Key(string option) => option[2..];

    private static bool Truth(string option, string value) =>
        bool.TryParse(value, out bool truth) ? truth : throw new UsageException($"{option} is true or false in a configuration, not '{value}'.");

    // STREAMRT_SERVE__MAX_STREAMS: a shell's variable can't have the hyphen that the option has.
    private static Dictionary<string, string?> Variables()
    {
        string prefix = $"{VariablePrefix}{Section.ToUpperInvariant()}__";
        Dictionary<string, string?> found = [];
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (variable.Key is string name && name.StartsWith(prefix, StringComparison.Ordinal))
            {
                string[] parts = name[prefix.Length..].Split("__");
                parts[0] = parts[0].ToLowerInvariant().Replace('_', '-');
                found[$"{Section}:{string.Join(':', parts)}"] = (string?)variable.Value;
            }
        }

        return found;
    }

    // A misspelt limit that is silently not kept is worse than a refusal to start.
    private void CheckNames(CommandSpec command)
    {
        foreach (IConfigurationSection child in _section.GetChildren())
        {
            if (!child.Key.Equals(EndpointsSection, StringComparison.OrdinalIgnoreCase) && !command.Options.Any(o => Key(o.Name).Equals(child.Key, StringComparison.OrdinalIgnoreCase)))
            {
                string? meant = Suggestion.For(child.Key, [.. command.Options.Select(o => Key(o.Name)), EndpointsSection]);
                throw new UsageException($"The configuration has a setting {Section}:{child.Key}, which there is not." + (meant is null ? "" : $" Did you mean {meant}?"));
            }
        }
    }
}
