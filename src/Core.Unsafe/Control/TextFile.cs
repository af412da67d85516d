namespace ReclaimNative.Control;

/// <summary>A control file that keeps nothing between calls.</summary>
internal sealed class TextFile(string name, Func<string>? read, ControlWriter? write) : ControlFile
{
    public override string Read() =>
        read is null ? throw new ControlException(ControlError.Access, $"{name} can only be written to.") : EngineErrors.Translate(read);

    public override void Write(ReadOnlySpan<byte> text)
    {
        if (write is null)
            throw new ControlException(ControlError.Access, $"{name} can only be read.");
        EngineErrors.Translate(write, text);
    }
}
