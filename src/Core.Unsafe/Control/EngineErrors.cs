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

    /// <summary>One refusal: its sentence stays.</summary>
    public static ControlException Of(EngineException refusal) => new(ControlError.Invalid, refusal.Message);
}
