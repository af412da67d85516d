using System.Diagnostics.CodeAnalysis;
using ReclaimNative.Machine;

namespace ReclaimNative.Policies;

/// <summary>
/// Policies that can be asked for by name: <c>name</c>, then <c>@version</c>, then <c>+switch</c> or <c>-switch</c> as often
/// as wanted, with commas between policies. To register a policy is to add a line to <see cref="BuiltIn"/>.
/// </summary>
/// <remarks>Immutable.</remarks>
public sealed class PolicyShelf
{
    private readonly Entry[] _entries;

    private PolicyShelf(params Entry[] entries) => _entries = entries;

    /// <summary>The policies of the core.</summary>
    public static PolicyShelf BuiltIn { get; } = new(
        Entry.Of<ClassicPolicy>(),
        Entry.Of<MglruPolicy>(),
        Entry.Of<FifoPolicy>(),
        Entry.Of<LruPolicy>(),
        Entry.Of<ClockPolicy>(),
        Entry.Of<SievePolicy>(),
        Entry.Of<S3FifoPolicy>(),
        Entry.Of<ArcPolicy>(),
        Entry.Of<TwoQueuePolicy>(),
        Entry.Of<LfuPolicy>(),
        Entry.Of<MruPolicy>(),
        Entry.Of<LirsPolicy>(),
        Entry.Of<ClockProPolicy>(),
        Entry.Of<LruKPolicy>(),
        Entry.Of<WTinyLfuPolicy>(),
        Entry.Of<ComebackPolicy>());

    /// <summary>What every policy says of itself, in the order in which they are listed.</summary>
    public IReadOnlyList<PolicyDescriptor> All => Array.ConvertAll(_entries, e => e.Descriptor);

    /// <summary>The word that switches a mechanism.</summary>
    public static string NameOf(Mechanism mechanism) => mechanism.ToString().ToLowerInvariant();

    /// <summary>The same shelf and one policy more.</summary>
    public PolicyShelf With<TPolicy>() where TPolicy : struct, IReclaimPolicy => new([.. _entries, Entry.Of<TPolicy>()]);

    /// <summary>The same shelf and one policy more, from its table in this process: a <c>reclaim_policy_t</c>, which is read once.</summary>
    /// <exception cref="PolicyException">What it says of itself is refused, or there is a policy of its name.</exception>
    public unsafe PolicyShelf WithTable(void* table)
    {
        var entry = Entry.Of(ForeignPolicySource.Read((ForeignPolicyTable*)table, "policy from a table"));
        string name = entry.Descriptor.Name;
        return Array.Exists(_entries, e => e.Descriptor.Name == name)
            ? throw new PolicyException($"policy from a table: there is a policy '{name}' already")
            : new PolicyShelf([.. _entries, entry]);
    }

    /// <summary>Reads names with commas between them: <c>classic+lookaround,mglru-bloom,sieve</c>.</summary>
    /// <exception cref="PolicyException">A name or a switch is unknown, a library can't be had, or a policy is asked for twice.</exception>
    public IReadOnlyList<PolicyChoice> ParseList(string list)
    {
        var choices = new List<PolicyChoice>();
        foreach (string text in list.Split(','))
        {
            PolicyChoice choice = Parse(text.Trim());
            if (choices.Exists(c => c.Name == choice.Name))
                throw new PolicyException($"policy '{choice.Name}' is asked for twice");
            choices.Add(choice);
        }

        return choices;
    }

    /// <summary>Reads one name with its switches.</summary>
    /// <exception cref="PolicyException">A name or a switch is unknown, or a library can't be had.</exception>
    public PolicyChoice Parse(string text)
    {
        if (IsPath(text, out int end))
        {
            Entry loaded = Entry.Of(ForeignPolicySource.Load(text[..end]), text[..end]);
            return Choose(loaded.Descriptor.Name + text[end..], loaded.Descriptor.Name.Length, loaded, text);
        }

        end = text.AsSpan().IndexOfAny("+-@");
        string name = end < 0 ? text : text[..end];
        Entry entry = Array.Find(_entries, e => e.Descriptor.Name == name)
            ?? throw new PolicyException(name.Length == 0 ? $"a policy's name is missing in '{text}'; {Accepted}" : $"there is no policy '{name}'; {Accepted}");
        return Choose(text, end, entry);
    }

    /// <summary>Whether a text asks for a library and not for a name of the shelf. The library is not loaded.</summary>
    /// <param name="text">What was asked for, with its switches.</param>
    /// <param name="path">The path without them; null for a name.</param>
    public static bool IsLibrary(string text, [NotNullWhen(true)] out string? path)
    {
        path = IsPath(text, out int end) ? text[..end] : null;
        return path is not null;
    }

    /// <summary>
    /// A text with a slash, or that ends in <c>.so</c>, is the path of a C policy. After the last <c>.so</c> switches may follow, as
    /// after a name.
    /// </summary>
    private static bool IsPath(string text, out int end)
    {
        const string Suffix = ".so";
        int at = text.LastIndexOf(Suffix, StringComparison.Ordinal);
        end = at < 0 ? text.Length : at + Suffix.Length;
        bool hasSwitches = end < text.Length && (text[end] is '+' or '-' or '@');
        if (end < text.Length && !hasSwitches)
            end = text.Length;
        return text.Contains('/') || (at >= 0 && end == at + Suffix.Length);
    }

    /// <summary>A policy with the version and the switches that stand in <paramref name="text"/> from <paramref name="end"/> on.</summary>
    private static PolicyChoice Choose(string text, int end, Entry entry, string? library = null)
    {
        string name = entry.Descriptor.Name;
        KernelVersion version = KernelVersion.Fixed;
        if (end >= 0 && end < text.Length && text[end] == '@')
        {
            int stop = text.AsSpan(end + 1).IndexOfAny('+', '-');
            string asked = stop < 0 ? text[(end + 1)..] : text.Substring(end + 1, stop);
            if (!entry.Descriptor.HasVersions)
                throw new PolicyException($"policy '{text}': '{name}' is the same for every kernel version; '{name}' alone is accepted");
            if (!KernelVersions.TryParse(asked, out version))
                throw new PolicyException($"policy '{text}': there is no kernel version '{asked}'; {KernelVersions.Accepted} is accepted");
            end = stop < 0 ? -1 : end + 1 + stop;
        }

        Mechanism on = Mechanism.None;
        Mechanism off = Mechanism.None;
        for (int at = end; at >= 0 && at < text.Length;)
        {
            int next = text.AsSpan(at + 1).IndexOfAny('+', '-');
            int stop = next < 0 ? text.Length : at + 1 + next;
            string word = text[(at + 1)..stop];
            Mechanism mechanism = Switch(text, entry.Descriptor, word);
            if (((on | off) & mechanism) != 0)
                throw new PolicyException($"policy '{text}': switch '{word}' is given twice");
            if (text[at] == '+')
                on |= mechanism;
            else
                off |= mechanism;
            at = stop;
        }

        return new PolicyChoice(text, library ?? text, library is not null, entry.Descriptor, entry.Define, on, off, version);
    }

    private string Accepted => $"there are {string.Join(", ", Array.ConvertAll(_entries, e => e.Descriptor.Name))}";

    private static Mechanism Switch(string text, PolicyDescriptor descriptor, string word)
    {
        foreach (Mechanism mechanism in Enum.GetValues<Mechanism>())
        {
            if ((descriptor.Supports & mechanism) != 0 && NameOf(mechanism) == word)
                return mechanism;
        }

        string has = descriptor.Supports == Mechanism.None ? "no switches" : NameOf(descriptor.Supports);
        throw new PolicyException($"policy '{text}': there is no switch '{word}'; '{descriptor.Name}' has {has}");
    }

    private sealed record Entry(PolicyDescriptor Descriptor, Func<object?, PolicyDefinition> Define)
    {
        public static Entry Of(ForeignPolicySource source, string? library = null) => new(source.Descriptor, _ => PolicyDefinition.Of(source, library));

        public static Entry Of<TPolicy>() where TPolicy : struct, IReclaimPolicy => new(TPolicy.Describe(), PolicyDefinition.Of<TPolicy>);
    }
}
