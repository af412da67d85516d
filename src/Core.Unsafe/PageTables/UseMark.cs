using ReclaimNative.Concurrency;
using ReclaimNative.Memory;

namespace ReclaimNative.PageTables;

/// <summary>
/// Whether an address space ran since the last walk, a bit for each node. An object of its own, so that who marks use in passing keeps no more
/// of a space alive than this.
/// </summary>
internal sealed class UseMark
{
    private ulong _sinceWalk;

    /// <summary>The space runs: every node's next walk has something to look for.</summary>
    public void Set() => Volatile.Write(ref _sinceWalk, ulong.MaxValue);

    /// <summary>Whether the space ran since the last walk for a node, given as a bit.</summary>
    public bool IsSet(ulong nodeBit) => (Volatile.Read(ref _sinceWalk) & nodeBit) != 0;

    /// <summary>Use from here on is for the next walk of the node: said before the walk looks, so that none is lost.</summary>
    public void BeginWalk(ulong nodeBit, bool concurrent) => Atomic.And(ref _sinceWalk, ~nodeBit, concurrent);

    /// <summary>What a snapshot has of it.</summary>
    public void Pass(StateLog log) => log.Pass(ref _sinceWalk);
}
