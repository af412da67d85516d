using ReclaimNative.Lru;
using ReclaimNative.Machine;
using ReclaimNative.Memory;
using ReclaimNative.Policies;

namespace ReclaimNative;

public sealed partial record EngineOptions
{
    /// <summary>Options without anything, for a log to fill.</summary>
    private static readonly EngineOptions Blank = new() { Nodes = [], Policies = [] };

    /// <summary>Takes the options down that are state, or makes them from what was taken down, with those of a copy.</summary>
    /// <param name="log">The log.</param>
    /// <param name="of">The options; null when they are to be put back.</param>
    /// <param name="copy">What is code and not state; without it what is taken down is returned.</param>
    /// <exception cref="SnapshotException">A number makes no sense.</exception>
    /// <exception cref="PolicyException">A policy is missing, or not what it was.</exception>
    internal static EngineOptions Through(StateLog log, EngineOptions? of, CopyOptions? copy)
    {
        EngineOptions template = of ?? Blank;
        PolicyDefinition[] bindable = of?.Bindable ?? [];
        var policies = new PolicyDefinition[log.Through(bindable.Length, 1, 65, "policies")];
        int listed = log.Through(of?.Policies.Count ?? 0, 1, policies.Length, "policies that are listed");
        for (int i = 0; i < policies.Length; i++)
            policies[i] = PolicyDefinition.Through(log, of is null ? null : bindable[i], copy?.Policies ?? []);
        int fallback = log.Through(Array.FindIndex(bindable, p => p.Name == of?.Fallback?.Name), -1, policies.Length - 1, "the fallback policy");
        return template with
        {
            Policies = policies[..listed],
            Fallback = fallback < 0 ? null : policies[fallback],
            Nodes = Through(log, template.Nodes),
            Memcgs = (int)log.Through((long)template.Memcgs),
            NoMemcg = log.Through(template.NoMemcg),
            RecursiveProtection = log.Through(template.RecursiveProtection),
            Pressure = log.Through(template.Pressure),
            IdleAge = log.Through(template.IdleAge),
            AddressSpaces = (int)log.Through((long)template.AddressSpaces),
            LeafTables = (uint?)log.Through((long?)template.LeafTables),
            SharedMappings = (uint?)log.Through((long?)template.SharedMappings),
            SwapPages = (ulong?)log.Through((long?)template.SwapPages),
            Order = (ListOrder)log.Through((int)template.Order, 0, (int)ListOrder.Unordered, "an order of lists"),
            ListSlack = (int)log.Through((long)template.ListSlack),
            Identity = log.Through(template.Identity),
            Demotion = log.Through(template.Demotion),
            Concurrent = log.Through(template.Concurrent),
            Kernel = (KernelVersion)log.Through((int)template.Kernel, 0, (int)KernelVersion.Fixed, "a kernel version"),
            HierarchyWalk = (HierarchyWalk?)log.Through((long?)template.HierarchyWalk),
            WalkSlice = log.Through(template.WalkSlice),
            StatisticsPeriod = log.Through(template.StatisticsPeriod),
            TableFilter = (TableFilter)log.Through((int)template.TableFilter, 0, (int)TableFilter.Kernel, "a filter"),
            PolicyCallMs = (int)log.Through((long)template.PolicyCallMs),
            VectorBits = copy?.VectorBits,
            Advisor = log.Through(template.Advisor),
            Cookies = log.Through(template.Cookies),
            FirstTouch = log.Through(template.FirstTouch),
            Backing = copy?.Backing,
            Clock = copy?.Clock,
            ProgressFile = null,
        };
    }

    private static NodeOptions[] Through(StateLog log, IReadOnlyList<NodeOptions> of)
    {
        var nodes = new NodeOptions[log.Through(of.Count, 1, NodeSet.MostNodes, "nodes")];
        for (int i = 0; i < nodes.Length; i++)
        {
            ulong pages = (ulong)log.Through(log.IsRestoring ? 0 : (long)of[i].Pages);
            int tier = (int)log.Through(log.IsRestoring ? 0 : (long)of[i].Tier);
            nodes[i] = new NodeOptions(pages, tier);
        }

        return nodes;
    }
}
