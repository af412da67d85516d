using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// One mapping of a scenario file, read key by key. Every value that is missing or not as it must be becomes a
/// <see cref="ScenarioException"/> that names the file, the line, the key, the value and what is accepted.
/// </summary>
internal sealed class ScenarioFields
{
    private readonly string _file;
    private readonly string _place;
    private readonly long _line;
    private readonly Dictionary<string, (YamlNode Value, long Line)> _fields = [];

    /// <param name="file">The file's name, for messages.</param>
    /// <param name="place">What this mapping is, such as "processes[1]"; empty for the whole file.</param>
    /// <param name="node">The node, which must be a mapping.</param>
    public ScenarioFields(string file, string place, YamlNode node)
    {
        _file = file;
        _place = place;
        _line = node.Start.Line;
        if (node is not YamlMappingNode mapping)
            throw new ScenarioException(file, _line, $"{Here} is {Describe(node)}; accepted: keys with values (key: value)");

        foreach ((YamlNode key, YamlNode value) in mapping)
        {
            if (key is not YamlScalarNode { Value: { Length: > 0 } name })
                throw new ScenarioException(file, key.Start.Line, $"{Here} has a key that is not a word: {Describe(key)}");
            _fields.Add(name, (value, key.Start.Line)); // the YAML reader refuses a key that comes twice
        }
    }

    private string Here => _place.Length > 0 ? _place : "the scenario";

    /// <summary>Refuses every key that is not among <paramref name="keys"/>.</summary>
    public void Accept(params string[] keys)
    {
        foreach ((string key, (_, long line)) in _fields)
        {
            if (!keys.Contains(key, StringComparer.Ordinal))
                throw new ScenarioException(_file, line, $"{Here} has no key {ScenarioException.Quote(key)}; accepted: {string.Join(", ", keys)}");
        }
    }

    /// <summary>Whether <paramref name="key"/> is there.</summary>
    public bool Has(string key) => _fields.ContainsKey(key);

    /// <summary>A message about the value of <paramref name="key"/>, or about the mapping when the key is absent.</summary>
    public ScenarioException Error(string key, string problem) =>
        _fields.TryGetValue(key, out var field)
            ? new ScenarioException(_file, field.Line, $"{Name(key)} {problem}")
            : new ScenarioException(_file, _line, $"{Here} {problem}");

    /// <summary>The mapping under <paramref name="key"/>.</summary>
    public ScenarioFields Mapping(string key) => new(_file, Name(key), Required(key).Value);

    /// <summary>The mappings listed under <paramref name="key"/>; when it is absent, none.</summary>
    public List<ScenarioFields> Mappings(string key) =>
        Has(key)
            ? [.. Items(key, "a list of {...} lines").Select((item, i) => new ScenarioFields(_file, $"{Name(key)}[{i}]", item))]
            : [];

    /// <summary>The words listed under <paramref name="key"/>, each not empty.</summary>
    public List<string> Words(string key)
    {
        var words = new List<string>();
        foreach (YamlNode item in Items(key, "a list of words, such as [a, b]"))
        {
            if (item is not YamlScalarNode { Value: { Length: > 0 } word })
                throw Error(key, $"holds {Describe(item)}; accepted: a list of words, such as [a, b]");
            words.Add(word);
        }

        return words;
    }

    /// <summary>The text of <paramref name="key"/>, not empty; <paramref name="accepted"/> is for messages.</summary>
    public string Text(string key, string accepted)
    {
        YamlNode node = Required(key).Value;
        return node is YamlScalarNode { Value: { Length: > 0 } text } ? text : throw Wrong(key, accepted);
    }

    /// <summary>One of <paramref name="choices"/>.</summary>
    public string Choice(string key, params string[] choices)
    {
        string accepted = string.Join(", ", choices);
        string text = Text(key, accepted);
        return choices.Contains(text, StringComparer.Ordinal) ? text : throw Wrong(key, accepted);
    }

    /// <summary>`true` or `false`.</summary>
    public bool Flag(string key, bool absent) => Has(key) ? Choice(key, "true", "false") == "true" : absent;

    /// <summary>A whole number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public long Whole(string key, long least, long most)
    {
        string accepted = $"a whole number from {least} to {most}";
        return long.TryParse(Text(key, accepted), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            && number >= least && number <= most
            ? number
            : throw Wrong(key, accepted);
    }

    /// <summary>A whole number, or <paramref name="absent"/> when the key is absent.</summary>
    public long Whole(string key, long least, long most, long absent) => Has(key) ? Whole(key, least, most) : absent;

    /// <summary>A number from 0 to <paramref name="most"/>, or <paramref name="absent"/> when the key is absent.</summary>
    public double Number(string key, double most, double absent)
    {
        if (!Has(key))
            return absent;
        string accepted = string.Create(CultureInfo.InvariantCulture, $"a number from 0 to {most}");
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(Text(key, accepted), Style, CultureInfo.InvariantCulture, out double number)
            && number >= 0 && number <= most // NaN is neither
            ? number
            : throw Wrong(key, accepted);
    }

    /// <summary>An amount of memory in pages, at least <paramref name="least"/>.</summary>
    public long Pages(string key, long least)
    {
        string accepted = least > 0 ? $"at least {least}p in {MemorySize.Accepted}" : MemorySize.Accepted;
        return MemorySize.TryParse(Text(key, accepted), out long pages) && pages >= least ? pages : throw Wrong(key, accepted);
    }

    /// <summary>A limit in pages, at least <paramref name="least"/>, or `max`, which is <see cref="MemcgSpec.Unlimited"/>.</summary>
    public long Limit(string key, long least, long absent)
    {
        if (!Has(key))
            return absent;
        string accepted = $"max, or {(least > 0 ? $"at least {least}p in " : "")}{MemorySize.Accepted}";
        string text = Text(key, accepted);
        if (text == "max")
            return MemcgSpec.Unlimited;
        return MemorySize.TryParse(text, out long pages) && pages >= least ? pages : throw Wrong(key, accepted);
    }

    /// <summary>The standard message about a value that is not as it must be.</summary>
    public ScenarioException Wrong(string key, string accepted) =>
        Error(key, $"is {Describe(Required(key).Value)}; accepted: {accepted}");

    private (YamlNode Value, long Line) Required(string key) =>
        _fields.TryGetValue(key, out var field) ? field : throw Error(key, $"lacks '{key}'");

    private List<YamlNode> Items(string key, string accepted) =>
        Required(key).Value is YamlSequenceNode { Children: { Count: > 0 } items } ? [.. items] : throw Wrong(key, accepted);

    private string Name(string key) => _place.Length > 0 ? $"{_place}.{key}" : key;

    private static string Describe(YamlNode node) => node switch
    {
        YamlScalarNode { Value: { Length: > 0 } text } => ScenarioException.Quote(text),
        YamlScalarNode => "empty",
        YamlSequenceNode { Children.Count: 0 } => "an empty list",
        YamlSequenceNode => "a list",
        _ => "a mapping",
    };
}
