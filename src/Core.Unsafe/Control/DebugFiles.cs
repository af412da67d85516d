namespace ReclaimNative.Control;

/// <summary><c>/sys/kernel/debug</c>: generations, for those who look at them or age and evict by hand.</summary>
internal static class DebugFiles
{
    public static ControlDirectory Directory(Engine engine) => ControlDirectory.Of("debug");
}
