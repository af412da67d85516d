using System.Collections.Immutable;
using System.Globalization;
using ReclaimNative.Machine;

namespace ReclaimNative.Lab.Controllers;

/// <summary>A controller as it was asked for: <c>senpai</c>, or <c>senpai:pressure_us=20000:interval=3</c>.</summary>
public sealed record ControllerChoice
{
    private ImmutableDictionary<string, double> _given = ImmutableDictionary<string, double>.Empty;

    private ControllerChoice(ControllerDescriptor descriptor) => Descriptor = descriptor;

    /// <summary>Its kind.</summary>
    public ControllerDescriptor Descriptor { get; }

    /// <summary>As it is written, with what was given in the order of the kind's parameters.</summary>
    public string Label => string.Concat([
        Descriptor.Name,
        .. Descriptor.Parameters.Where(p => _given.ContainsKey(p.Name)).Select(p => string.Create(CultureInfo.InvariantCulture, $":{p.Name}={_given[p.Name]:0.######}")),
    ]);

    /// <summary>The value of a parameter.</summary>
    public double ValueOf(string name) => new ControllerValues(Descriptor.Parameters, _given)[name];

    /// <summary>Makes one, or none for the choice of none.</summary>
    /// <param name="engine">An engine that has not run yet.</param>
    /// <param name="memcgs">The cgroups to look after, none of them the root.</param>
    /// <exception cref="ControllerException">It has nothing to do on such a machine.</exception>
    public IController Create(Engine engine, IReadOnlyList<MemoryCgroup> memcgs) => Descriptor.LooksAfterMemcgs && memcgs.Count == 0
        ? throw new ControllerException($"controller '{Descriptor.Name}' looks after memory cgroups below the root; the scenario has no process in one")
        : Descriptor.Create(engine, memcgs, new ControllerValues(Descriptor.Parameters, _given));

    /// <summary>The same with another value of one parameter.</summary>
    /// <exception cref="ControllerException">There is no such parameter, or the value is out of range.</exception>
    public ControllerChoice With(string name, double value)
    {
        ControllerParameter parameter = Descriptor.Parameters.FirstOrDefault(p => p.Name == name)
            ?? throw new ControllerException($"controller '{Descriptor.Name}' has no parameter '{name}'; {Listed(Descriptor.Parameters)} accepted");
        if (!(value >= parameter.Least && value <= parameter.Most) || (parameter.IsWhole && value != Math.Truncate(value)))
            throw new ControllerException(string.Create(CultureInfo.InvariantCulture, $"controller '{Descriptor.Name}': {name} is {value}; {Range(parameter)} is accepted"));
        return this with { _given = _given.SetItem(name, value) };
    }

    /// <summary>Reads a list of controllers with commas between, each a name and then <c>:parameter=value</c> as often as wanted.</summary>
    /// <exception cref="ControllerException">A name, parameter or value is not accepted, or one is asked for twice.</exception>
    public static IReadOnlyList<ControllerChoice> ParseList(string list)
    {
        var choices = new List<ControllerChoice>();
        foreach (string text in list.Split(','))
        {
            ControllerChoice choice = Parse(text.Trim());
            if (choices.Any(c => c.Label == choice.Label))
                throw new ControllerException($"controller '{choice.Label}' is asked for twice");
            choices.Add(choice);
        }

        return choices;
    }

    private static ControllerChoice Parse(string text)
    {
        string[] parts = text.Split(':');
        ControllerDescriptor descriptor = ControllerCatalog.All.FirstOrDefault(d => d.Name == parts[0])
            ?? throw new ControllerException($"there is no controller '{parts[0]}'; {string.Join(", ", ControllerCatalog.All.Select(d => d.Name))} are accepted");
        ControllerChoice choice = new(descriptor);
        foreach (string part in parts.Skip(1))
        {
            int sign = part.IndexOf('=', StringComparison.Ordinal);
            if (sign < 1)
                throw new ControllerException($"controller '{descriptor.Name}': '{part}' is no parameter; name=value is accepted");
            string name = part[..sign];
            if (choice._given.ContainsKey(name))
                throw new ControllerException($"controller '{descriptor.Name}': {name} is given twice");
            if (descriptor.Parameters.FirstOrDefault(p => p.Name == name) is { } parameter
                && !double.TryParse(part[(sign + 1)..], NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out _))
                throw new ControllerException($"controller '{descriptor.Name}': {name} is '{part[(sign + 1)..]}'; {Range(parameter)} is accepted");
            _ = double.TryParse(part[(sign + 1)..], NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double value);
            choice = choice.With(name, value);
        }

        return choice;
    }

    private static string Range(ControllerParameter parameter) => string.Create(
        CultureInfo.InvariantCulture,
        $"a {(parameter.IsWhole ? "whole " : "")}number from {parameter.Least} to {parameter.Most}");

    private static string Listed(ImmutableArray<ControllerParameter> parameters) =>
        parameters.IsEmpty ? "none is" : $"{string.Join(", ", parameters.Select(p => p.Name))} are";
}
