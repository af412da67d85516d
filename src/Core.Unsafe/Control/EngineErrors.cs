namespace ReclaimNative.Control;

/// <summary>What the engine refuses, as the errors of control files.</summary>
internal static class EngineErrors
{
    /// <summary>Asks the engine for something, and turns a refusal of its into EINVAL.</summary>
    public static T Translate<T>(Func<T> ask)
    {
        try
        {
            return ask();
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

    /// <summary>One refusal: its sentence stays.</summary>
    private static ControlException Of(EngineException refusal) => new(ControlError.Invalid, refusal.Message);
}
