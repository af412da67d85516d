namespace ReclaimNative.Observe;

/// <summary>Who reclaims.</summary>
public enum Reclaimer
{
    /// <summary>A task that allocates, at a cgroup's limit or for want of free frames.</summary>
    Direct,

    /// <summary>The node's background reclaimer.</summary>
    Kswapd,

    /// <summary>A request from outside.</summary>
    Proactive,
}
