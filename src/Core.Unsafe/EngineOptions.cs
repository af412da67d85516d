using ReclaimNative.Lru;
using ReclaimNative.Machine;
using ReclaimNative.Policies;
using ReclaimNative.Reclaim;

namespace ReclaimNative;

/// <summary>What an engine is built from: a machine's capacities, the policies that may be bound, and what lies behind memory.</summary>
public sealed partial record EngineOptions : MachineOptions
{
    /// <summary>The policies of this engine, 1 to 64, all different; the first is bound where nothing else is said.</summary>
    public required IReadOnlyList<PolicyDefinition> Policies { get; init; }

    /// <summary>
    /// Who gets the pages of a policy that is ejected for breaking the contract; it may be one of <see cref="Policies"/>, and its state is reserved
    /// from the start. Null: only a policy that throws is ejected, and its pages are evicted in the order of its lists.
    /// </summary>
    public PolicyDefinition? Fallback { get; init; }

    /// <summary>
    /// Longest that one call of a policy may take of its thread's CPU time, in milliseconds, at least 1; looked at where several threads
    /// drive the engine. With one thread fuel alone is counted, so that a run repeats itself.
    /// </summary>
    public int PolicyCallMs { get; init; } = 10;

    /// <summary>
    /// Where the engine notes which operation is running, for another process; null for nowhere. For one engine at a time, that one thread
    /// drives, and stays open as long as the engine.
    /// </summary>
    public PolicyProgressFile? ProgressFile { get; init; }

    /// <summary>
    /// A clock that never goes back, for the time that proactive requests take and may take; null for the system's. An owner with
    /// virtual time gives its own, and runs repeat themselves.
    /// </summary>
    public TimeProvider? Clock { get; init; }

    /// <summary>Told of pages that go out and come in; null for a store that always has room.</summary>
    public Backing? Backing { get; init; }

    /// <summary><see cref="Backing.PageIn"/> is called for pages that were never in memory too.</summary>
    public bool FirstTouch { get; init; }

    /// <summary>What <see cref="MachineOptions.HierarchyWalk"/> comes to.</summary>
    internal bool UsesMemcgLru => HierarchyWalk is { } asked
        ? asked == Machine.HierarchyWalk.MemcgLru
        : Kernel >= KernelVersion.V6_12 && Array.TrueForAll<PolicyDefinition>([.. Policies], p => (p.Descriptor.Flags & PolicyFlags.MemcgLru) != 0);

    /// <summary>What is reserved for the policies: the most that any of them asks for.</summary>
    internal PolicyNeeds Needs()
    {
        PolicyNeeds most = default;
        foreach (PolicyDefinition policy in Bindable)
        {
            PolicyDescriptor asked = policy.Descriptor;
            most = new PolicyNeeds(
                Math.Max(most.StateBytes, asked.StateBytes),
                Math.Max(most.WordsPerPage, asked.WordsPerPage),
                Math.Max(most.Lists, asked.Lists),
                Math.Max(most.HistoryWords, asked.HistoryWords),
                Math.Max(most.Orders, asked.Orders));
        }

        return most;
    }

    /// <summary>Every policy that a cgroup may come to be bound to.</summary>
    internal PolicyDefinition[] Bindable =>
        Fallback is null || Array.Exists<PolicyDefinition>([.. Policies], p => p.Name == Fallback.Name) ? [.. Policies] : [.. Policies, Fallback];

    internal new string? Problem()
    {
        if (Policies is null || Policies.Count is < 1 or > 64)
            return $"An engine has 1 to 64 policies, not {Policies?.Count ?? 0}.";
        for (int i = 0; i < Policies.Count; i++)
        {
            for (int j = 0; j < i; j++)
            {
                if (Policies[i].Name == Policies[j].Name)
                    return $"Policy {Policies[i].Name} is given twice.";
            }
        }

        if (base.Problem() is { } problem)
            return problem;
        if (Bindable.Length > 64)
            return "An engine has 1 to 64 policies, the fallback among them; 65 are given.";
        if (PolicyCallMs < 1)
            return $"A call of a policy may take {PolicyCallMs} ms; at least 1 is accepted.";
        if (Concurrent && ProgressFile is not null)
            return "An engine for many threads has no progress file: there is room for one operation in it.";
        foreach (PolicyDefinition policy in Bindable)
        {
            if (Order == ListOrder.Unordered && (policy.Descriptor.Flags & PolicyFlags.OrderFree) == 0)
                return $"Policy {policy.Name} needs the order of its lists; an engine without it takes policies that are marked OrderFree, such as mglru.";
            if (Concurrent && (policy.Descriptor.Flags & PolicyFlags.Concurrent) == 0)
                return $"Policy {policy.Name} can't run on several threads at once; an engine for many threads takes policies that are marked Concurrent, such as classic and mglru.";
        }

        ulong lists = (ulong)MemcgCapacity * (ulong)Nodes.Count * (ulong)Needs().Lists;
        ulong frames = 0;
        foreach (NodeOptions node in Nodes)
            frames += node.Pages;
        return Order == ListOrder.Exact && OrderedLists.PositionsFor(frames, lists, ListSlack, Concurrent) > uint.MaxValue
            ? $"{frames} frames and {lists} lists need more than 2^32 list positions; with exact order and little slack about 3.4 * 10^9 frames are the most."
            : null;
    }
}
