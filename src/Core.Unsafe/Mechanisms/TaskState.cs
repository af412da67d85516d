namespace ReclaimNative.Mechanisms;

/// <summary>What a task is doing, as far as pressure stall information distinguishes.</summary>
public enum TaskState
{
    /// <summary>Neither working nor waiting for memory: it does not count. Every task begins so.</summary>
    Idle,

    /// <summary>At productive work.</summary>
    Running,

    /// <summary>Waiting for memory, or reclaiming it: not productive, even if it runs.</summary>
    Stalled,
}
