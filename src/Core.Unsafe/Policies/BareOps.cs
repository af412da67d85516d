namespace ReclaimNative.Policies;

/// <summary>The operations of a policy without a guard around them.</summary>
internal static unsafe class BareOps<TPolicy> where TPolicy : struct, IReclaimPolicy
{
    public static ReclaimOps Ops { get; } = new()
    {
        LruvecOnline = &TPolicy.LruvecOnline,
        LruvecOffline = &TPolicy.LruvecOffline,
        ColdestFirst = &TPolicy.ColdestFirst,
        Place = &TPolicy.Place,
        Remove = &TPolicy.Remove,
        Arrive = &TPolicy.Arrive,
        Forget = &TPolicy.Forget,
        OnEvent = &TPolicy.OnEvent,
        OnAccesses = &TPolicy.OnAccesses,
        OnYoung = &TPolicy.OnYoung,
        Age = &TPolicy.Age,
        Prepare = &TPolicy.Prepare,
        Budget = &TPolicy.Budget,
        Isolate = &TPolicy.Isolate,
        IsolateOldest = &TPolicy.IsolateOldest,
        Verdict = &TPolicy.Verdict,
        After = &TPolicy.After,
        Continue = &TPolicy.Continue,
        Visited = &TPolicy.Visited,
        MakeShadow = &TPolicy.MakeShadow,
        OnRefault = &TPolicy.OnRefault,
        IsRecent = &TPolicy.IsRecent,
        OldestBirthMs = &TPolicy.OldestBirthMs,
        ReadGenerations = &TPolicy.ReadGenerations,
        Sizes = &TPolicy.Sizes,
        Check = &TPolicy.Check,
        Dump = &TPolicy.Dump,
    };
}

/// <summary>A policy that leaves every operation out.</summary>
internal readonly struct LeavesAllOut : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => new() { Name = "none" };
}
