namespace StreamRuntime.Cli.Arguments;

/// <summary>A command's options and other arguments, as given.</summary>
internal sealed class ParsedArguments
{
    private readonly List<Given> _options = [];
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

    public bool Has(string name) => Get(name) is not null;

    public string? Get(string name)
    {
        foreach (Given option in _options)
        {
            if (option.Name == name)
            {
                return option.Value;
            }
        }

        return null;
    }

    public List<string> GetAll(string name)
    {
        var values = new List<string>();
        foreach (Given option in _options)
        {
            if (option.Name == name)
            {
                values.Add(option.Value);
            }
        }

        return values;
    }

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

            _options.Add(new Given(name, ""));
            return 0;
        }

        if (equals >= 0)
        {
            _options.Add(new Given(name, argument[(equals + 1)..]));
            return 0;
        }

        if (next is null || next.StartsWith("--", StringComparison.Ordinal))
        {
            throw new UsageException($"{name} needs a value: {name} {option.Value}");
        }

        _options.Add(new Given(name, next));
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

    // A class: a list of structs of ours would have to be compiled at every start.
    private sealed record Given(string Name, string Value);
}
