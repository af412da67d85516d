namespace ReclaimNative.Policies;

/// <summary>The operations of a policy, for those who say which one misbehaved; <see cref="IReclaimPolicy"/> documents each.</summary>
public enum PolicyOperation
{
    /// <summary>No operation is running.</summary>
    None,

    /// <summary><see cref="IReclaimPolicy.LruvecOnline"/>.</summary>
    LruvecOnline,

    /// <summary><see cref="IReclaimPolicy.LruvecOffline"/>.</summary>
    LruvecOffline,

    /// <summary><see cref="IReclaimPolicy.ColdestFirst"/>.</summary>
    ColdestFirst,

    /// <summary><see cref="IReclaimPolicy.Place"/>.</summary>
    Place,

    /// <summary><see cref="IReclaimPolicy.Remove"/>.</summary>
    Remove,

    /// <summary><see cref="IReclaimPolicy.Arrive"/>.</summary>
    Arrive,

    /// <summary><see cref="IReclaimPolicy.Forget"/>.</summary>
    Forget,

    /// <summary><see cref="IReclaimPolicy.OnEvent"/>.</summary>
    OnEvent,

    /// <summary><see cref="IReclaimPolicy.OnAccesses"/>.</summary>
    OnAccesses,

    /// <summary><see cref="IReclaimPolicy.OnYoung"/>.</summary>
    OnYoung,

    /// <summary><see cref="IReclaimPolicy.Age"/>.</summary>
    Age,

    /// <summary><see cref="IReclaimPolicy.Prepare"/>.</summary>
    Prepare,

    /// <summary><see cref="IReclaimPolicy.Budget"/>.</summary>
    Budget,

    /// <summary><see cref="IReclaimPolicy.Isolate"/>.</summary>
    Isolate,

    /// <summary><see cref="IReclaimPolicy.Verdict"/>.</summary>
    Verdict,

    /// <summary><see cref="IReclaimPolicy.After"/>.</summary>
    After,

    /// <summary><see cref="IReclaimPolicy.Continue"/>.</summary>
    Continue,

    /// <summary><see cref="IReclaimPolicy.Visited"/>.</summary>
    Visited,

    /// <summary><see cref="IReclaimPolicy.MakeShadow"/>.</summary>
    MakeShadow,

    /// <summary><see cref="IReclaimPolicy.OnRefault"/>.</summary>
    OnRefault,

    /// <summary><see cref="IReclaimPolicy.OldestBirthMs"/>.</summary>
    OldestBirthMs,

    /// <summary><see cref="IReclaimPolicy.Sizes"/>.</summary>
    Sizes,

    /// <summary><see cref="IReclaimPolicy.Check"/>.</summary>
    Check,

    /// <summary><see cref="IReclaimPolicy.Dump"/>.</summary>
    Dump,

    /// <summary><see cref="IReclaimPolicy.ReadGenerations"/>.</summary>
    ReadGenerations,

    /// <summary><see cref="IReclaimPolicy.IsolateOldest"/>.</summary>
    IsolateOldest,

    /// <summary><see cref="IReclaimPolicy.IsRecent"/>.</summary>
    IsRecent,
}
