using ReclaimNative.Concurrency;
using ReclaimNative.Machine;
using ReclaimNative.Policies;
using ReclaimNative.Reclaim;

namespace ReclaimNative;

/// <summary>The switches of <c>/sys/kernel/mm/lru_gen/enabled</c>.</summary>
[Flags]
public enum GenerationSwitches
{
    /// <summary>The machine is reclaimed without generations.</summary>
    None = 0,

    /// <summary>Generations are on.</summary>
    Core = 1,

    /// <summary>Aging walks page tables.</summary>
    Walk = 2,

    /// <summary>Walks use and clear the accessed bits of upper levels; here they do whenever they run.</summary>
    NonleafYoung = 4,
}

public sealed unsafe partial class Engine
{
    /// <summary>
    /// What the policy of the root is, in the kernel's words. A policy keeps generations if it has
    /// <see cref="IReclaimPolicy.ReadGenerations"/>. Source: kernel-reclaim reference 5.17.
    /// </summary>
    public GenerationSwitches GenerationSwitches => SwitchesOf(PolicyOf(Root));

    /// <summary>Whether the policy of a cgroup keeps generations, as mglru does.</summary>
    public bool KeepsGenerations(MemoryCgroup memcg)
    {
        ThrowIfDisposed();
        return _host.ViewOf(Own(memcg), _machine.Nodes[0]).Ops.KeepsGenerations;
    }

    /// <summary>
    /// The generations of a cgroup alone on one node, the oldest first; empty where its policy keeps none. With other threads at work the
    /// numbers are of different moments. Allocates. Source: kernel-reclaim reference 5.18.
    /// </summary>
    public IReadOnlyList<GenerationReport> ReadGenerations(MemoryCgroup memcg, Node node)
    {
        ThrowIfDisposed();
        Own(node);
        PolicyView view = _host.ViewOf(Own(memcg), node);
        using QuiesceGate.Passage call = EnterCall();
        FlushHits();
        var reports = new GenerationReport[GenerationReport.Most];
        int count = view.Ops.ReadGenerations(view, reports);
        return reports[..Math.Clamp(count, 0, reports.Length)];
    }

    /// <summary>
    /// As <see cref="Age(MemoryCgroup, Node)"/>, at a swappiness, and, with <paramref name="force"/>, looking at every page table, whatever a
    /// filter or the upper levels say: what <c>lru_gen</c>'s <c>+</c> command does. Source: kernel-reclaim reference 5.19.
    /// </summary>
    /// <param name="memcg">The cgroup, without those below it.</param>
    /// <param name="node">The node.</param>
    /// <param name="swappiness">0 to 200, <see cref="ReclaimRequest.AnonOnly"/>, or null for the cgroup's own, which is 0 while anonymous pages can't go anywhere.</param>
    /// <param name="force">Look at everything.</param>
    /// <returns>False: another thread was deciding about this cgroup, and nothing was done.</returns>
    /// <exception cref="EngineException">The swappiness is out of range, or the cgroup or node is of another engine.</exception>
    public bool Age(MemoryCgroup memcg, Node node, int? swappiness, bool force)
    {
        ThrowIfDisposed();
        Own(node);
        CheckSwappiness(swappiness);
        PolicyView view = _host.ViewOf(Own(memcg), node);
        return Age(view, swappiness ?? LruvecEviction.OwnSwappiness(view), force);
    }

    /// <summary>
    /// Evicts the oldest generations of a cgroup alone on one node, whatever protects it, until <paramref name="last"/> is gone, so many pages are
    /// reclaimed, or no more can be: what <c>lru_gen</c>'s <c>-</c> command does. Counts as reclaim by a task, as in the kernel.
    /// Source: kernel-reclaim reference 5.19.
    /// </summary>
    /// <param name="memcg">The cgroup, without those below it.</param>
    /// <param name="node">The node.</param>
    /// <param name="last">Number of the last generation to go.</param>
    /// <param name="swappiness">0 to 200, <see cref="ReclaimRequest.AnonOnly"/>, or null for the cgroup's own, which is 0 while anonymous pages can't go anywhere.</param>
    /// <param name="pages">Pages after which to stop, at least 1; as many as a batch more may go.</param>
    /// <param name="cancellation">Ends it after the batch that is being worked off.</param>
    /// <returns>Pages reclaimed.</returns>
    /// <exception cref="EngineException">A number is out of range, the policy keeps no generations, or the cgroup or node is of another engine.</exception>
    public long EvictGenerations(MemoryCgroup memcg, Node node, ulong last, int? swappiness = null, long pages = long.MaxValue, CancellationToken cancellation = default)
    {
        ThrowIfDisposed();
        Own(node);
        CheckSwappiness(swappiness);
        if (pages < 1)
            throw new EngineException($"Eviction of {pages} pages makes no sense; at least 1 is accepted.");
        PolicyView view = _host.ViewOf(Own(memcg), node);
        using QuiesceGate.Passage call = EnterCall();
        if (!view.Ops.KeepsGenerations)
            throw new EngineException($"Cgroup {memcg.Path} is bound to policy {PolicyOf(memcg).Name}, which keeps no generations.");
        FlushHits();
        return LruvecEviction.Run(_pass, view, last, swappiness ?? LruvecEviction.OwnSwappiness(view), pages, cancellation);
    }

    /// <summary>
    /// Turns generations on or off for every cgroup: on, each whose policy is not such is bound to the engine's first policy that keeps them and
    /// walks page tables or not as asked; off, those that keep generations are bound to the first policy that keeps none. Source: kernel-reclaim reference 5.16 and 5.17.
    /// </summary>
    /// <returns>Null, or a sentence that says which policy the engine lacks; nothing was changed then.</returns>
    public string? SwitchGenerations(GenerationSwitches switches)
    {
        ThrowIfDisposed();
        bool on = (switches & GenerationSwitches.Core) != 0;
        bool walks = (switches & GenerationSwitches.Walk) != 0;
        PolicyDefinition? wanted = Array.Find(_host.Definitions, d =>
            !_host.RecordOf(_host.TagOf(d)).IsEjected
            && d.Ops.KeepsGenerations == on
            && (!on || ((d.Mechanisms & Mechanism.Walk) != 0) == walks));
        if (wanted is null)
        {
            string kind = !on ? "keeps no generations" : "keeps generations and walks page tables" + (walks ? "" : " never");
            return $"No policy of this engine {kind}; it was built with {_host.Names}.";
        }

        foreach (MemoryCgroup memcg in _machine.Memcgs)
        {
            if (on ? SwitchesOf(PolicyOf(memcg)) != SwitchesOf(wanted) : KeepsGenerations(memcg))
                SetPolicy(memcg, wanted.Name);
        }

        return null;
    }

    private static GenerationSwitches SwitchesOf(PolicyDefinition definition)
    {
        if (!definition.Ops.KeepsGenerations)
            return GenerationSwitches.None;
        return (definition.Mechanisms & Mechanism.Walk) != 0
            ? GenerationSwitches.Core | GenerationSwitches.Walk | GenerationSwitches.NonleafYoung
            : GenerationSwitches.Core;
    }

    private static void CheckSwappiness(int? swappiness)
    {
        if (swappiness is < 0 or > ReclaimRequest.AnonOnly)
            throw new EngineException($"Swappiness {swappiness} is out of range; 0 to 200, or {ReclaimRequest.AnonOnly} for anonymous pages alone, are accepted.");
    }
}
