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

    /// <summary>A cgroup is removed. As in the kernel, a round that stands at it begins at the top once more.</summary>
    public void Leave(MemoryCgroup memcg)
    {
        if (ReferenceEquals(_position, memcg))
            _position = null;
    }

    /// <param name="log">The log.</param>
    /// <param name="machine">Where the cgroups are.</param>
    public void Pass(StateLog log, MachineState machine)
    {
        int at = log.Through(_position?.Id ?? -1, -1, machine.MemcgCapacity - 1, "the cgroup that a walk stands at");
        _position = machine.HasMemcg(at) ? machine.MemcgAt(at) : null;
        log.Pass(ref _generation);
    }
}
