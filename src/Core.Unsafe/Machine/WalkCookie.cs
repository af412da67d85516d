using ReclaimNative.Memory;

namespace ReclaimNative.Machine;

/// <summary>Where a shared walk of a subtree stands, for one root of the walk and one node.</summary>
internal sealed class WalkCookie
{
    private MemoryCgroup? _position;
    private ulong _generation;

    /// <summary>The cgroup visited last, or null before the first and past the end.</summary>
    public MemoryCgroup? Position
    {
        get => _position;
        set => _position = value;
    }

    /// <summary>Whole rounds completed.</summary>
    public ulong Generation
    {
        get => _generation;
        set => _generation = value;
    }

    /// <param name="log">The log.</param>
    /// <param name="memcgs">The cgroups by number.</param>
    public void Pass(StateLog log, List<MemoryCgroup> memcgs)
    {
        int at = log.Through(_position?.Id ?? -1, -1, memcgs.Count - 1, "the cgroup that a walk stands at");
        _position = at < 0 ? null : memcgs[at];
        log.Pass(ref _generation);
    }
}
