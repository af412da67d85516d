namespace ReclaimNative.Policies;

/// <summary>
/// From which of its lists 0 and 1 a policy evicts. Its own rule names one; where nothing there can go, because pages are pinned
/// or their owner keeps them, it is the other's turn, so that a queue of such pages does not stop reclaim. Two words of a policy's state.
/// </summary>
internal struct TwoQueues
{
    private long _refused0;
    private long _refused1;

    /// <summary>The list to take from: the one that is <paramref name="wanted"/> while some page of it may still go.</summary>
    public int Choose(PolicyView view, int wanted)
    {
        if (MayYield(view, wanted))
            return wanted;
        int other = 1 - wanted;
        if (MayYield(view, other))
            return other;

        // All of both have been refused: from the start, they may have been let go since.
        _refused0 = _refused1 = 0;
        return view.Count(wanted) > 0 ? wanted : other;
    }

    /// <summary>A page was isolated from a list. It has been refused unless <see cref="CountLeft"/> follows.</summary>
    public void CountIsolated(int list) => RefusedOf(ref this, list)++;

    /// <summary>An isolated page of a list has gone.</summary>
    public void CountLeft(int list) => RefusedOf(ref this, list) = 0;

    private bool MayYield(PolicyView view, int list) => RefusedOf(ref this, list) < view.Count(list);

    private static ref long RefusedOf(ref TwoQueues queues, int list) => ref list == 0 ? ref queues._refused0 : ref queues._refused1;
}
