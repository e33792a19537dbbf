namespace StreamRuntime.Cli.Arguments;

/// <summary>A command's options and other arguments, as given.</summary>
internal sealed class ParsedArguments
{
    private readonly List<KeyValuePair<string, string>> _options = [];
    private readonly List<string> _others = [];

    public bool WantsHelp { get; private set; }

    /// <summary>What was given beside options.</summary>
    public IReadOnlyList<string> Others => _others;

    public static ParsedArguments Parse(CommandSpec command, ReadOnlySpan<string> arguments)
    {
        var parsed = new ParsedArguments();
        for (int i = 0; i < arguments.Length; i++)
        {
            string argument = arguments[i];
            if (argument is "--help" or "-h" or "-?")
            {
                parsed.WantsHelp = true;
            }
            else if (argument == "--")
            {
                parsed._others.AddRange(arguments[(i + 1)..]);
                break;
            }
            else if (argument.Length > 1 && argument[0] == '-')
            {
                i += parsed.ReadOption(command, argument, i + 1 < arguments.Length ? arguments[i + 1] : null);
            }
            else
            {
                parsed._others.Add(argument);
            }
        }

        return parsed;
    }

    public bool Has(string name) => _options.Any(o => o.Key == name);

    public string? Get(string name)
    {
        foreach ((string key, string value) in _options)
        {
            if (key == name)
            {
                return value;
            }
        }

        return null;
    }

    public IEnumerable<string> GetAll(string name) => _options.Where(o => o.Key == name).Select(o => o.Value);

    /// <summary>Returns how many further arguments the option took.</summary>
    private int ReadOption(CommandSpec command, string argument, string? next)
    {
        int equals = argument.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? argument : argument[..equals];
        OptionSpec option = Find(command, name) ?? throw new UsageException(Unknown(command, name));
        if (!option.IsRepeatable && Has(name))
        {
            throw new UsageException($"{name} is given twice.");
        }

        if (option.Value is null)
        {
            if (equals >= 0)
            {
                throw new UsageException($"{name} takes no value.");
            }

            _options.Add(new(name, ""));
            return 0;
        }

        if (equals >= 0)
        {
            _options.Add(new(name, argument[(equals + 1)..]));
            return 0;
        }

        if (next is null || next.StartsWith("--", StringComparison.Ordinal))
        {
            throw new UsageException($"{name} needs a value: {name} {option.Value}");
        }

        _options.Add(new(name, next));
        return 1;
    }

    private static OptionSpec? Find(CommandSpec command, string name)
    {
        foreach (OptionSpec option in command.Options)
        {
            if (option.Name == name)
            {
                return option;
            }
        }

        return null;
    }

    private static string Unknown(CommandSpec command, string name)
    {
        string? meant = Suggestion.For(name, command.Options.Select(o => o.Name));
        return meant is null ? $"{name} is not an option of 'streamrt {command.Name}'." : $"{name} is not an option of 'streamrt {command.Name}'. Did you mean {meant}?";
    }
}
