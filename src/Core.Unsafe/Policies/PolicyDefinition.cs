using ReclaimNative.Machine;
using ReclaimNative.Memory;

namespace ReclaimNative.Policies;

/// <summary>A policy ready to be bound: its operations, what it says of itself, and which mechanisms are on.</summary>
public sealed class PolicyDefinition
{
    private const int MaxHistoryWords = 16;
    private const int MaxOrders = 8;
    private const int LeastFuel = 1024;

    private PolicyDefinition(
        PolicyDescriptor descriptor, ReclaimOps ops, string name, Mechanism mechanisms, KernelVersion version, object? instance)
    {
        Descriptor = descriptor;
        Ops = ops;
        Name = name;
        Mechanisms = mechanisms;
        Version = version;
        Instance = instance;
    }

    /// <summary>Its name with the switches it was given, such as <c>mglru-bloom</c>.</summary>
    public string Name { get; }

    /// <summary>What it says of itself.</summary>
    public PolicyDescriptor Descriptor { get; }

    /// <summary>Mechanisms that are on.</summary>
    public Mechanism Mechanisms { get; }

    /// <summary>The Linux that it behaves like, where its descriptor says that it knows several.</summary>
    public KernelVersion Version { get; }

    /// <summary>An object of its author's that its operations find in <see cref="PolicyView.Instance"/>.</summary>
    public object? Instance { get; }

    internal ReclaimOps Ops { get; }

    /// <summary>The path of the library that it comes from, or null.</summary>
    internal string? Library { get; private init; }

    /// <summary>The table of a policy written in C.</summary>
    internal ForeignPolicySource? Source { get; private init; }

    /// <summary>Defines a policy from its type.</summary>
    /// <exception cref="ArgumentException">What it says of itself is out of range.</exception>
    public static PolicyDefinition Of<TPolicy>(object? instance = null) where TPolicy : struct, IReclaimPolicy
    {
        PolicyDescriptor descriptor = TPolicy.Describe();
        Check(descriptor);
        return new PolicyDefinition(descriptor, PolicyAdapter<TPolicy>.Ops, descriptor.Name, descriptor.Defaults, KernelVersion.Fixed, instance);
    }

    /// <summary>Defines a policy from its library, <c>reclaim_policy.h</c>, which stays in the process.</summary>
    /// <param name="path">A shared library; without a slash, one in the current folder.</param>
    /// <exception cref="PolicyException">There is no such file, it is no library or no policy, or what it says of itself is refused.</exception>
    public static PolicyDefinition OfLibrary(string path) => Of(ForeignPolicySource.Load(path), path);

    /// <summary>Defines a policy from its table in this process, a <c>reclaim_policy_t</c>, which is read once.</summary>
    /// <param name="table">The table. Its functions have to stay as long as engines use them.</param>
    /// <exception cref="PolicyException">What it says of itself is refused.</exception>
    public static unsafe PolicyDefinition OfTable(void* table) => Of(ForeignPolicySource.Read((ForeignPolicyTable*)table, "policy from a table"));

    internal static PolicyDefinition Of(ForeignPolicySource source, string? library = null) =>
        new(source.Descriptor, ForeignOps.Of(source.Table), source.Descriptor.Name, source.Descriptor.Defaults, KernelVersion.Fixed, null) { Source = source, Library = library };

    /// <summary>Whether a text is made of a-z and 0-9.</summary>
    internal static bool IsName(string text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c))
                return false;
        }

        return text.Length > 0;
    }

    private static void Check(PolicyDescriptor descriptor)
    {
        if (!IsName(descriptor.Name))
            throw new ArgumentException($"A policy's name is made of a-z and 0-9, not '{descriptor.Name}'.");
        if (descriptor.Lists is < 1 or > Lru.FrameLists.MaxLists)
            throw new ArgumentException($"Policy {descriptor.Name} asks for {descriptor.Lists} lists; 1 to {Lru.FrameLists.MaxLists} are accepted.");
        if (descriptor.LeastReclaim < 1 || descriptor.StateBytes < 0 || descriptor.WordsPerPage is < 0 or > 16)
            throw new ArgumentException($"Policy {descriptor.Name} asks for a negative size, for more than 16 words a page, or reclaims less than a page.");
        if (descriptor.Fuel < LeastFuel)
            throw new ArgumentException($"Policy {descriptor.Name} has fuel for {descriptor.Fuel} calls of helpers; at least {LeastFuel} are accepted.");
        if (descriptor.HistoryWords is < 0 or > MaxHistoryWords || descriptor.Orders is < 0 or > MaxOrders)
            throw new ArgumentException($"Policy {descriptor.Name} asks for {descriptor.HistoryWords} words and {descriptor.Orders} orders of pages; 0 to {MaxHistoryWords} and 0 to {MaxOrders} are accepted.");
        if (descriptor.HistoryWords + descriptor.Orders > 0 && (descriptor.Flags & PolicyFlags.Concurrent) != 0)
            throw new ArgumentException($"Policy {descriptor.Name} asks for words or orders of pages, which serve one thread, and is marked Concurrent.");
    }

    /// <summary>The same policy with mechanisms switched on and off, like a Linux version, under the name it is asked for by.</summary>
    /// <exception cref="ArgumentException">It can't use one that is switched, or knows no versions.</exception>
    public PolicyDefinition With(string name, Mechanism on, Mechanism off, KernelVersion version = KernelVersion.Fixed)
    {
        if (version != KernelVersion.Fixed && !Descriptor.HasVersions)
            throw new ArgumentException($"Policy {Descriptor.Name} is the same for every kernel version.");
        Mechanism unsupported = (on | off) & ~Descriptor.Supports;
        if (unsupported != 0)
            throw new ArgumentException($"Policy {Descriptor.Name} has no switch '{PolicyShelf.NameOf(unsupported)}'; it has {DescribeSwitches()}.");
        return new PolicyDefinition(Descriptor, Ops, name, (Mechanisms | on) & ~off, version, Instance) { Source = Source, Library = Library };
    }

    /// <summary>
    /// What brings a policy back from a snapshot: its name, where it comes from, its switches, and what it asked memory for. Null is taken
    /// to be a policy that is not there yet.
    /// </summary>
    /// <param name="log">The log.</param>
    /// <param name="definition">The policy, or null when it is to be found.</param>
    /// <param name="given">Policies that go before those of their name.</param>
    /// <exception cref="PolicyException">There is none of that name, or it is not what it was.</exception>
    internal static PolicyDefinition Through(StateLog log, PolicyDefinition? definition, IReadOnlyList<PolicyDefinition> given)
    {
        string name = log.Through(definition?.Descriptor.Name) ?? "";
        string? library = log.Through(definition?.Library);
        string asked = log.Through(definition?.Name) ?? "";
        var mechanisms = (Mechanism)log.Through((long)(definition?.Mechanisms ?? 0));
        var version = (KernelVersion)log.Through((int)(definition?.Version ?? 0), 0, (int)KernelVersion.Fixed, "a kernel version");
        PolicyDefinition[] first = [.. given];
        PolicyDefinition found = definition ?? Array.Find(first, p => p.Name == asked) ?? Array.Find(first, p => p.Descriptor.Name == name)
            ?? (library is null ? PolicyShelf.BuiltIn.Parse(name).Define() : OfLibrary(library));
        PolicyDescriptor now = found.Descriptor;
        bool isTheSame = (log.Through((long)now.Flags) == (long)now.Flags)
            & (log.Through((long)now.Lists) == now.Lists)
            & (log.Through((long)now.StateBytes) == now.StateBytes)
            & (log.Through((long)now.WordsPerPage) == now.WordsPerPage)
            & (log.Through((long)now.HistoryWords) == now.HistoryWords)
            & (log.Through((long)now.Orders) == now.Orders);
        if (!isTheSame || now.Name != name || ((mechanisms ^ found.Mechanisms) & ~now.Supports) != 0 || (version != KernelVersion.Fixed && !now.HasVersions))
            throw new PolicyException($"policy '{name}' is not the one that the copied engine had: its flags, lists, memory or switches are others");
        return definition ?? found.With(asked, mechanisms & ~found.Mechanisms, found.Mechanisms & ~mechanisms, version);
    }

    /// <summary>Its switches as a list for messages, or "none".</summary>
    public string DescribeSwitches() =>
        Descriptor.Supports == Mechanism.None ? "none" : PolicyShelf.NameOf(Descriptor.Supports);
}
