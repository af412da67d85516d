using ReclaimNative.Machine;
using ReclaimNative.Policies;

namespace ReclaimNative.Control;

/// <summary>
/// Carries out what is written to <c>lru_gen</c>, command by command: those before one that fails stay done. Source: kernel-reclaim reference
/// 5.19.
/// </summary>
internal static class LruGenCommands
{
    /// <summary>Runs every command of a write.</summary>
    /// <exception cref="ControlException">One failed, or there is none.</exception>
    public static void Run(Engine engine, ReadOnlySpan<byte> text, CancellationToken cancellation)
    {
        ReadOnlySpan<byte> rest = ControlText.UpToNul(text);
        bool any = false;
        while (LruGenCommand.TryTake(ref rest, engine.Kernel, out LruGenCommand command))
        {
            Run(engine, command, cancellation);
            any = true;
        }

        if (!any)
            throw Invalid("There is no command; + memcg_id node_id max_gen [swappiness [force_scan]] and - memcg_id node_id min_gen [swappiness [nr_to_reclaim]] are accepted.");
    }

    private static void Run(Engine engine, in LruGenCommand command, CancellationToken cancellation)
    {
        if (command.Node >= engine.Nodes.Count)
            throw Invalid($"There is no node {command.Node}; 0 to {engine.Nodes.Count - 1} are accepted.");
        Node node = engine.Nodes[(int)command.Node];
        MemoryCgroup memcg = engine.FindMemcg(command.Memcg)
            ?? throw Invalid($"There is no cgroup {command.Memcg}; those that lru_gen lists are accepted.");
        IReadOnlyList<GenerationReport> generations = engine.ReadGenerations(memcg, node);
        if (generations.Count == 0)
            throw Invalid($"Cgroup {command.Memcg}, {memcg.Path}, is bound to policy {engine.PolicyNameOf(memcg)}, which keeps no generations; cgroups that lru_gen lists are accepted.");
        if (command.Ages)
            Age(engine, memcg, node, command, generations);
        else
            Evict(engine, memcg, node, command, generations, cancellation);
    }

    private static void Age(Engine engine, MemoryCgroup memcg, Node node, in LruGenCommand command, IReadOnlyList<GenerationReport> generations)
    {
        ulong youngest = generations[^1].Sequence;
        if (command.Generation > youngest)
            throw Invalid($"max_gen {command.Generation} is yet to come; 0 to {youngest} are accepted.");

        // 6.18 ages whatever generation is named (KR 15 row 13).
        if (command.Generation < youngest && engine.Kernel != KernelVersion.V6_18)
            return;
        bool forces = command.Option != 0;
        bool isFirstForm = engine.Kernel <= KernelVersion.V6_12;
        if (isFirstForm && !forces && IsFull(generations[0], command.Swappiness ?? memcg.Swappiness))
            throw new ControlException(ControlError.Range, $"There is no room for another generation after {youngest}; with force_scan it is made.");
        bool aged = engine.Age(memcg, node, command.Swappiness, forces);
        if (!aged && !isFirstForm)
            throw new ControlException(ControlError.Exists, $"Another was faster to age cgroup {command.Memcg} on node {command.Node}.");
    }

    /// <summary>The oldest that there is room for is open, of anonymous pages where they may be swapped, else of files.</summary>
    private static bool IsFull(in GenerationReport oldest, int swappiness) => swappiness > 0 ? oldest.Anon.IsOpen : oldest.File.IsOpen;

    private static void Evict(
        Engine engine, MemoryCgroup memcg, Node node, in LruGenCommand command, IReadOnlyList<GenerationReport> generations, CancellationToken cancellation)
    {
        ulong youngest = generations[^1].Sequence;
        if (youngest < 2 || command.Generation > youngest - 2)
            throw Invalid($"min_gen {command.Generation} is one of the two youngest generations or yet to come; 0 to {(youngest < 2 ? 0 : youngest - 2)} are accepted.");
        if (command.Option == 0)
            return;
        long pages = (long)Math.Min(command.Option, long.MaxValue);
        long done = engine.EvictGenerations(memcg, node, command.Generation, command.Swappiness, pages, cancellation);
        if (done < pages && cancellation.IsCancellationRequested)
            throw new ControlException(ControlError.Interrupted, $"The command was cancelled when {done} pages were reclaimed.");
    }

    private static ControlException Invalid(string message) => new(ControlError.Invalid, message);
}
