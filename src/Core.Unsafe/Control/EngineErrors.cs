namespace ReclaimNative.Control;

/// <summary>What the engine refuses, as the errors of control files.</summary>
internal static class EngineErrors
{
    /// <summary>Reads, and turns a refusal of the engine's into EINVAL.</summary>
    public static string Translate(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (EngineException refusal)
        {
            throw Of(refusal);
        }
    }

    /// <summary>Writes, and turns a refusal of the engine's into EINVAL.</summary>
    public static void Translate(ControlWriter write, ReadOnlySpan<byte> text)
    {
        try
        {
            write(text);
        }
        catch (EngineException refusal)
        {
            throw Of(refusal);
        }
    }

    /// <summary>Carries out a request that a file was given; null is for nothing.</summary>
    /// <exception cref="ControlException">EAGAIN: less was reclaimed than asked. EINTR: it was canceled. EINVAL: the engine refuses it.</exception>
    public static void Reclaim(Engine engine, ReclaimRequest? request)
    {
        if (request is null)
            return;
        ReclaimResult result = engine.Reclaim(request);
        if (result.Stop == ReclaimStop.Canceled)
            throw new ControlException(ControlError.Interrupted, $"The request was canceled when {result.Reclaimed} of {request.Pages} pages were reclaimed.");
        if (result.Stop != ReclaimStop.Done)
            throw new ControlException(ControlError.Again, $"{result.Reclaimed} of {request.Pages} pages were reclaimed, and no more could be.");
    }

    /// <summary>One refusal: its sentence stays.</summary>
    public static ControlException Of(EngineException refusal) => new(ControlError.Invalid, refusal.Message);
}
