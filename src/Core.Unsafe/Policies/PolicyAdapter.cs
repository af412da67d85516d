using ReclaimNative.Mechanisms;

namespace ReclaimNative.Policies;

/// <summary>
/// Turns a policy type into its operations table. The type is a struct, so the runtime compiles one specialised copy of
/// each operation and the only indirection left is the table's own pointer.
/// </summary>
internal static unsafe class PolicyAdapter<TPolicy> where TPolicy : struct, IReclaimPolicy
{
    public static ReclaimOps Ops { get; } = new()
    {
        LruvecOnline = &LruvecOnline,
        Place = &Place,
        Remove = &Remove,
        Arrive = &Arrive,
        Forget = &Forget,
        OnEvent = &OnEvent,
        OnAccesses = &OnAccesses,
        OnYoung = &OnYoung,
        Age = &Age,
        Prepare = &Prepare,
        Budget = &Budget,
        Isolate = &Isolate,
        Verdict = &Verdict,
        After = &After,
        Continue = &Continue,
        Visited = &Visited,
        MakeShadow = &MakeShadow,
        OnRefault = &OnRefault,
        OldestBirthMs = &OldestBirthMs,
        Sizes = &Sizes,
        Check = &Check,
    };

    private static void LruvecOnline(PolicyView view) => TPolicy.LruvecOnline(view);

    private static void Place(PolicyView view, uint pfn, PlaceHint hint) => TPolicy.Place(view, pfn, hint);

    private static void Remove(PolicyView view, uint pfn, RemoveReason reason) => TPolicy.Remove(view, pfn, reason);

    private static void Arrive(PolicyView view, uint page, bool returns) => TPolicy.Arrive(view, page, returns);

    private static void Forget(PolicyView view, uint page) => TPolicy.Forget(view, page);

    private static void OnEvent(PolicyView view, uint pfn, FolioEvent what) => TPolicy.OnEvent(view, pfn, what);

    private static void OnAccesses(PolicyView view, ReadOnlySpan<uint> pfns) => TPolicy.OnAccesses(view, pfns);

    private static void OnYoung(PolicyView view, ReadOnlySpan<uint> pfns, YoungSource source) => TPolicy.OnYoung(view, pfns, source);

    private static void Age(PolicyView view, int swappiness) => TPolicy.Age(view, swappiness);

    private static void Prepare(PolicyView target, ref ScanControl scan, ref PassState pass) =>
        TPolicy.Prepare(target, ref scan, ref pass);

    private static bool Budget(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget) =>
        TPolicy.Budget(view, ref scan, ref pass, ref budget);

    private static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch) =>
        TPolicy.Isolate(view, ref scan, ref pass, ref budget, ref batch);

    private static Verdict Verdict(PolicyView view, uint pfn, References references, Disposition disposition) =>
        TPolicy.Verdict(view, pfn, references, disposition);

    private static bool After(PolicyView view, ref ScanControl scan, ref LruvecBudget budget, ref FolioBatch batch) =>
        TPolicy.After(view, ref scan, ref budget, ref batch);

    private static bool Continue(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget) =>
        TPolicy.Continue(view, ref scan, ref pass, ref budget);

    private static void Visited(PolicyView view, ref ScanControl scan, VisitOutcome outcome) => TPolicy.Visited(view, ref scan, outcome);

    private static ShadowEntry MakeShadow(PolicyView view, uint pfn, PolicyView target) => TPolicy.MakeShadow(view, pfn, target);

    private static void OnRefault(PolicyView view, uint pfn, ShadowEntry shadow, bool inFault) =>
        TPolicy.OnRefault(view, pfn, shadow, inFault);

    private static long OldestBirthMs(PolicyView view, int swappiness) => TPolicy.OldestBirthMs(view, swappiness);

    private static LruSizes Sizes(PolicyView view) => TPolicy.Sizes(view);

    private static string? Check(PolicyView view) => TPolicy.Check(view);
}
