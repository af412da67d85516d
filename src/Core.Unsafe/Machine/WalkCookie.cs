namespace ReclaimNative.Machine;

/// <summary>Where a shared walk of a subtree stands, for one root of the walk and one node.</summary>
internal sealed class WalkCookie
{
    /// <summary>The cgroup visited last, or null before the first and past the end.</summary>
    public MemoryCgroup? Position { get; set; }

    /// <summary>Whole rounds completed.</summary>
    public ulong Generation { get; set; }
}
