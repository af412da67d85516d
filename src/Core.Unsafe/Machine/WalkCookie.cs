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

    public void Pass(StateLog log)
    {
        log.Pass(ref _position);
        log.Pass(ref _generation);
    }
}
