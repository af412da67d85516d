namespace ReclaimNative.Control;

/// <summary>Carries out requests that files are given, whole, before the write returns.</summary>
/// <param name="engine">Whose they are.</param>
/// <param name="cancellation">What a write that begins now is cancelled by; null for nothing.</param>
internal sealed class ReclaimRequests(Engine engine, Func<CancellationToken>? cancellation)
{
    /// <summary>What cancels a write that begins now.</summary>
    public CancellationToken Cancellation => cancellation?.Invoke() ?? default;

    /// <summary>Carries out a request; null is for nothing.</summary>
    /// <exception cref="ControlException">
    /// EAGAIN: less was reclaimed than asked. EINTR: it was cancelled. EBUSY: another request was at the node. EINVAL: the engine refuses it.
    /// </exception>
    public void Run(ReclaimRequest? request)
    {
        if (request is null)
            return;
        ReclaimResult result = EngineErrors.Translate(() => engine.Reclaim(request, Cancellation));
        string done = $"{result.Reclaimed} of {request.Pages} pages were reclaimed";
        switch (result.Stop)
        {
            case ReclaimStop.Done:
                return;
            case ReclaimStop.Canceled:
                throw new ControlException(ControlError.Interrupted, $"The request was cancelled when {done}.");
            case ReclaimStop.Busy:
                throw new ControlException(ControlError.Busy, $"Another request was at the node when {done}.");
            default:
                throw new ControlException(ControlError.Again, $"{done}, and no more could be.");
        }
    }
}
