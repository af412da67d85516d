namespace ReclaimNative.Control;

/// <summary><c>/sys/kernel/debug</c>: generations, for those who look at them or age and evict by hand.</summary>
internal static class DebugFiles
{
    public static ControlDirectory Directory(Engine engine, ReclaimRequests requests) => ControlDirectory.Of(
        "debug",
        ControlFileItem.Both("lru_gen", () => LruGenText.Read(engine, full: false), text => LruGenCommands.Run(engine, text, requests.Cancellation)),
        ControlFileItem.Reads("lru_gen_full", () => LruGenText.Read(engine, full: true)));
}
