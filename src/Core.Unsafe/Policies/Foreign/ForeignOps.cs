namespace ReclaimNative.Policies;

/// <summary>
/// The operations of one C table: those that are in it under the guard, and the core's own default, without one, for each empty slot.
/// </summary>
internal static unsafe class ForeignOps
{
    public static ReclaimOps Of(in ForeignPolicyTable table)
    {
        ReclaimOps guarded = PolicyAdapter<ForeignPolicy>.Ops;
        ReclaimOps none = BareOps<LeavesAllOut>.Ops;
        return new ReclaimOps
        {
            LruvecOnline = table.LruvecOnline == null ? none.LruvecOnline : guarded.LruvecOnline,
            LruvecOffline = table.LruvecOffline == null ? none.LruvecOffline : guarded.LruvecOffline,
            ColdestFirst = table.ColdestFirst == null ? none.ColdestFirst : guarded.ColdestFirst,
            Place = table.Place == null ? none.Place : guarded.Place,
            Remove = table.Remove == null ? none.Remove : guarded.Remove,
            Arrive = table.Arrive == null ? none.Arrive : guarded.Arrive,
            Forget = table.Forget == null ? none.Forget : guarded.Forget,
            OnEvent = table.OnEvent == null ? none.OnEvent : guarded.OnEvent,
            OnAccesses = table.OnAccesses == null ? none.OnAccesses : guarded.OnAccesses,
            OnYoung = table.OnYoung == null ? none.OnYoung : guarded.OnYoung,
            Age = table.Age == null ? none.Age : guarded.Age,
            Verdict = table.Verdict == null ? none.Verdict : guarded.Verdict,
            After = table.After == null ? none.After : guarded.After,
            Continue = table.Continue == null ? none.Continue : guarded.Continue,
            Visited = table.Visited == null ? none.Visited : guarded.Visited,
            MakeShadow = table.MakeShadow == null ? none.MakeShadow : guarded.MakeShadow,
            OnRefault = table.OnRefault == null ? none.OnRefault : guarded.OnRefault,
            OldestBirthMs = table.OldestBirthMs == null ? none.OldestBirthMs : guarded.OldestBirthMs,
            Sizes = table.Sizes == null ? none.Sizes : guarded.Sizes,

            // A pass of a C policy is prepared at its first visit.
            Prepare = none.Prepare,
            Prepares = false,
            Budget = table.Budget == null && table.Prepare == null ? none.Budget : guarded.Budget,

            // An isolation is under the guard even where it is the default: what it hands out is noted there.
            Isolate = guarded.Isolate,

            // What its orders remember is recent.
            IsRecent = none.IsRecent,

            // Generations are not for C yet.
            IsolateOldest = none.IsolateOldest,
            ReadGenerations = none.ReadGenerations,
            Check = guarded.Check,
            Dump = guarded.Dump,
            LooksAfter = table.After != null,
            MindsVisits = table.Visited != null,
        };
    }
}
