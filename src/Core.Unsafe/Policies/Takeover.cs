using ReclaimNative.Frames;

namespace ReclaimNative.Policies;

/// <summary>
/// How a policy with a warm list takes over the pages of another, and hands its own on: <see cref="FolioFlags.Active"/> is what they tell
/// each other. A word of a policy's state, zero while it takes over: the pages that are placed before anything else happens on the
/// lruvec are those that were there already.
/// </summary>
internal struct Takeover
{
    private bool _isOver;

    /// <summary>A page comes in or is looked for: whatever is placed from now on is new, or a survivor.</summary>
    public void End() => _isOver = true;

    /// <summary>A page that is being placed was another policy's.</summary>
    public readonly bool IsGoingOn => !_isOver;

    /// <summary>A page that is being placed is one that the policy before thought warm.</summary>
    public readonly bool IsWarm(PolicyView view, uint pfn) => !_isOver && (view.Flags(pfn) & FolioFlags.Active) != 0;

    /// <summary>Leaves a page to the next policy as warm or as cold.</summary>
    public static void Leave(PolicyView view, uint pfn, bool isWarm)
    {
        if (isWarm)
            view.SetFlags(pfn, FolioFlags.Active);
        else
            view.ClearFlags(pfn, FolioFlags.Active);
    }
}
