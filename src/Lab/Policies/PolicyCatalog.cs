using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Policies;

/// <summary>The policies that commands know by name. To register one is to add a line here.</summary>
public static class PolicyCatalog
{
    private static readonly Entry[] Entries =
    [
        Entry.Of<ClassicPolicy>(),
        Entry.Of<MglruPolicy>(),
        Entry.Of<FifoPolicy>(),
        Entry.Of<LruPolicy>(),
        Entry.Of<ClockPolicy>(),
        Entry.Of<SievePolicy>(),
        Entry.Of<OptPolicy>(),
    ];

    /// <summary>What every policy says of itself, in the order in which they are listed.</summary>
    public static IReadOnlyList<PolicyDescriptor> All { get; } = [.. Entries.Select(e => e.Descriptor)];

    /// <summary>Reads names with commas between them, each followed by switches: <c>classic+lookaround,mglru-bloom,sieve</c>.</summary>
    /// <exception cref="PolicyException">A name or a switch is unknown, or one is asked for twice.</exception>
    public static IReadOnlyList<PolicyChoice> ParseList(string list)
    {
        var choices = new List<PolicyChoice>();
        foreach (string text in list.Split(','))
        {
            PolicyChoice choice = Parse(text.Trim());
            if (choices.Any(c => c.Name == choice.Name))
                throw new PolicyException($"policy '{choice.Name}' is asked for twice");
            choices.Add(choice);
        }

        return choices;
    }

    /// <summary>Reads one name with its switches.</summary>
    /// <exception cref="PolicyException">A name or a switch is unknown.</exception>
    public static PolicyChoice Parse(string text)
    {
        if (text.Contains('/') || text.EndsWith(".so", StringComparison.Ordinal))
            throw new PolicyException($"policy '{text}': policies from a C library can't be loaded yet; {Accepted}");
        int end = text.AsSpan().IndexOfAny("+-@");
        string name = end < 0 ? text : text[..end];
        Entry entry = Entries.FirstOrDefault(e => e.Descriptor.Name == name)
            ?? throw new PolicyException(name.Length == 0 ? $"a policy's name is missing in '{text}'; {Accepted}" : $"there is no policy '{name}'; {Accepted}");
        if (end >= 0 && text[end] == '@')
            throw new PolicyException($"policy '{text}': kernel versions can't be chosen yet; '{name}' has the form of 6.18");

        Mechanism on = Mechanism.None;
        Mechanism off = Mechanism.None;
        for (int at = end; at >= 0 && at < text.Length;)
        {
            int next = text.AsSpan(at + 1).IndexOfAny('+', '-');
            int stop = next < 0 ? text.Length : at + 1 + next;
            string word = text[(at + 1)..stop];
            Mechanism mechanism = Switch(text, entry, word);
            if (((on | off) & mechanism) != 0)
                throw new PolicyException($"policy '{text}': switch '{word}' is given twice");
            if (text[at] == '+')
                on |= mechanism;
            else
                off |= mechanism;
            at = stop;
        }

        return new PolicyChoice(text, entry, on, off);
    }

    private static string Accepted => $"there are {string.Join(", ", Entries.Select(e => e.Descriptor.Name))}";

    private static Mechanism Switch(string text, Entry entry, string word)
    {
        foreach (Mechanism mechanism in Enum.GetValues<Mechanism>())
        {
            if (mechanism == Mechanism.None || NameOf(mechanism) != word)
                continue;
            if ((entry.Descriptor.Supports & mechanism) != 0)
                return mechanism;
        }

        string has = entry.Descriptor.Supports == Mechanism.None
            ? $"'{entry.Descriptor.Name}' has no switches"
            : $"'{entry.Descriptor.Name}' has {entry.Descriptor.Supports.ToString().ToLowerInvariant()}";
        throw new PolicyException($"policy '{text}': there is no switch '{word}'; {has}");
    }

    /// <summary>The word that switches a mechanism.</summary>
    public static string NameOf(Mechanism mechanism) => mechanism.ToString().ToLowerInvariant();

    internal sealed record Entry(PolicyDescriptor Descriptor, Func<object?, PolicyDefinition> Define)
    {
        public static Entry Of<TPolicy>() where TPolicy : struct, IReclaimPolicy => new(TPolicy.Describe(), PolicyDefinition.Of<TPolicy>);
    }
}
