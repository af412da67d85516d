namespace ReclaimNative.Concurrency;

/// <summary>
/// How a thread waits for another that holds something for a short while: a few pauses, then the processor is given
/// away, and after about a millisecond of that it sleeps a millisecond at a time. A virtual processor can lose its
/// host while it holds a lock, so a wait that only spins is never right. Never allocates.
/// </summary>
internal struct Backoff
{
    /// <summary>
    /// Rounds before the first sleep. A round that yields costs a microsecond or less, so that a thread which sleeps has
    /// waited about as long as it is going to.
    /// </summary>
    private const int RoundsAwake = 1000;

    private SpinWait _spin;

    /// <summary>Waits a little, longer each time.</summary>
    public void Pause() => _spin.SpinOnce(RoundsAwake);
}
