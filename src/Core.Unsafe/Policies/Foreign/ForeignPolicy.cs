using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using ReclaimNative.Frames;
using ReclaimNative.Lru;
using ReclaimNative.Mechanisms;

namespace ReclaimNative.Policies;

/// <summary>
/// A policy whose operations are C functions (<c>reclaim_policy.h</c>): translates the arguments, calls, and checks the
/// answers. What is no answer is the harmless one (keep, no, 0) and counts as an override.
/// </summary>
internal readonly unsafe struct ForeignPolicy : IReclaimPolicy
{
    private const int TextBytes = 1024;
    private const int DumpBytes = 8192;

    /// <summary>RECLAIM_AT_TAIL.</summary>
    private const uint AtTail = 0x8000_0000;

    /// <summary>The last word of a pass says that it was prepared.</summary>
    private const int PreparedWord = 15;

    /// <summary>Each C policy says what it is in its own table: see <see cref="ForeignPolicySource"/>.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public static PolicyDescriptor Describe() => throw new NotSupportedException();

    public static void LruvecOnline(PolicyView view)
    {
        ForeignBinding to = view.Foreign!;
        if (to.Table.LruvecOnline != null)
            to.Table.LruvecOnline(to.Lruvec);
    }

    public static void LruvecOffline(PolicyView view)
    {
        ForeignBinding to = view.Foreign!;
        if (to.Table.LruvecOffline != null)
            to.Table.LruvecOffline(to.Lruvec);
    }

    public static int ColdestFirst(PolicyView view, Span<int> lists)
    {
        ForeignBinding to = view.Foreign!;
        if (to.Table.ColdestFirst == null)
            return DefaultOperations.ColdestFirst(view, lists);
        uint* named = stackalloc uint[FrameLists.MaxLists];
        uint count = InRange(view, to.Table.ColdestFirst(to.Lruvec, named, (uint)lists.Length), (uint)lists.Length, 0);
        for (int i = 0; i < count; i++)
            lists[i] = ListNumber(named[i]);
        return (int)count;
    }

    public static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
        ForeignBinding to = view.Foreign!;
        if (to.Table.Place == null)
        {
            DefaultOperations.Place(view, pfn, hint);
            return;
        }

        // A list that there is not is refused by the view, which then places the folio itself.
        uint list = ForeignCall.Invoke(to.Table.Place, to.Lruvec, pfn, (uint)hint);
        if ((list & AtTail) == 0)
            view.AddHead(ListNumber(list), pfn);
        else
            view.AddTail(ListNumber(list & ~AtTail), pfn);
    }

    public static void Remove(PolicyView view, uint pfn, RemoveReason reason)
    {
        ForeignBinding to = view.Foreign!;
        if (to.Table.Remove != null)
            ForeignCall.Invoke(to.Table.Remove, to.Lruvec, pfn, (uint)reason);
    }

    public static void Arrive(PolicyView view, uint page, bool returns)
    {
        ForeignBinding to = view.Foreign!;
        if (to.Table.Arrive != null)
            ForeignCall.Invoke(to.Table.Arrive, to.Lruvec, page, returns ? 1u : 0);
    }

    public static void Forget(PolicyView view, uint page)
    {
        ForeignBinding to = view.Foreign!;
        if (to.Table.Forget != null)
            ForeignCall.Invoke(to.Table.Forget, to.Lruvec, page);
    }

    public static void OnEvent(PolicyView view, uint pfn, FolioEvent what)
    {
        ForeignBinding to = view.Foreign!;
        if (to.Table.OnEvent != null)
            ForeignCall.Invoke(to.Table.OnEvent, to.Lruvec, pfn, (uint)what);
        else
            DefaultOperations.OnEvent(view, pfn, what);
    }

    public static void OnAccesses(PolicyView view, ReadOnlySpan<uint> pfns)
    {
        ForeignBinding to = view.Foreign!;
        if (to.Table.OnAccesses == null || pfns.IsEmpty)
            return;
        fixed (uint* folios = pfns)
            ForeignCall.Invoke(to.Table.OnAccesses, to.Lruvec, folios, (uint)pfns.Length);
    }

    public static void OnYoung(PolicyView view, ReadOnlySpan<uint> pfns, YoungSource source)
    {
        ForeignBinding to = view.Foreign!;
        if (to.Table.OnYoung == null)
        {
            DefaultOperations.OnYoung(view, pfns);
            return;
        }

        if (pfns.IsEmpty)
            return;
        fixed (uint* folios = pfns)
            ForeignCall.Invoke(to.Table.OnYoung, to.Lruvec, folios, (uint)pfns.Length, (uint)source);
    }

    public static void Age(PolicyView view, int swappiness, bool force)
    {
        ForeignBinding to = view.Foreign!;
        if (to.Table.Age != null)
            ForeignCall.Invoke(to.Table.Age, to.Lruvec, swappiness);
    }

    public static bool Budget(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget)
    {
        ForeignBinding to = view.Foreign!;
        if (to.Table.Prepare != null && pass[PreparedWord] == 0)
            PreparePass(view, ref scan, ref pass);
        return to.Table.Budget == null
            ? DefaultOperations.Budget(view, ref scan, ref budget)
            : Decide(to.Table.Budget, view, ref scan, ref pass, ref budget);
    }

    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        if (view.Foreign!.Table.Isolate == null)
            DefaultOperations.Isolate(view, ref scan, ref budget, ref batch);
        else
            IsolateByC(view, ref scan, ref pass, ref budget, ref batch);
    }

    public static Verdict Verdict(PolicyView view, uint pfn, References references, Disposition disposition)
    {
        ForeignBinding to = view.Foreign!;
        if (to.Table.Verdict == null)
            return Policies.Verdict.Reclaim;
        var said = new ForeignReferences
        {
            Mappings = (uint)references.Mappings,
            Executable = references.Executable ? 1u : 0,
            IsMapped = references.IsMapped ? 1u : 0,
        };
        uint answer = ForeignCall.Invoke(to.Table.Verdict, to.Lruvec, pfn, &said, (uint)disposition);
        return (Verdict)InRange(view, answer, (uint)Policies.Verdict.Activate, (uint)Policies.Verdict.Keep);
    }

    public static bool After(PolicyView view, ref ScanControl scan, ref LruvecBudget budget, ref FolioBatch batch) =>
        view.Foreign!.Table.After != null && AfterByC(view, ref scan, ref budget, ref batch);

    public static bool Continue(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget)
    {
        ForeignBinding to = view.Foreign!;
        return to.Table.Continue == null
            ? DefaultOperations.Continue(view, ref scan, ref budget)
            : Decide(to.Table.Continue, view, ref scan, ref pass, ref budget);
    }

    public static void Visited(PolicyView view, ref ScanControl scan, VisitOutcome outcome)
    {
        if (view.Foreign!.Table.Visited != null)
            VisitedByC(view, ref scan, outcome);
    }

    public static ShadowEntry MakeShadow(PolicyView view, uint pfn, PolicyView target)
    {
        ForeignBinding to = view.Foreign!;
        if (to.Table.MakeShadow == null)
            return view.ShadowOf(pfn, 0);
        ForeignLruvec* wanted = target.Definition == view.Definition ? target.Foreign!.Lruvec : null;
        return view.ShadowOf(pfn, ForeignCall.Invoke(to.Table.MakeShadow, to.Lruvec, pfn, wanted) & view.StampMask);
    }

    public static void OnRefault(PolicyView view, uint pfn, ShadowEntry shadow, bool inFault)
    {
        ForeignBinding to = view.Foreign!;
        if (to.Table.OnRefault == null)
        {
            view.CountRefault(pfn);
            return;
        }

        var copy = new ForeignShadow { Stamp = shadow.Stamp, Memcg = shadow.Memcg, Node = shadow.Node, Workingset = shadow.Workingset ? 1u : 0 };
        ForeignCall.Invoke(to.Table.OnRefault, to.Lruvec, pfn, &copy, inFault ? 1u : 0);
    }

    public static long OldestBirthMs(PolicyView view, int swappiness)
    {
        ForeignBinding to = view.Foreign!;
        return to.Table.OldestBirthMs != null ? ForeignCall.Invoke(to.Table.OldestBirthMs, to.Lruvec, swappiness) : long.MinValue;
    }

    public static LruSizes Sizes(PolicyView view) =>
        view.Foreign!.Table.Sizes == null ? DefaultOperations.Sizes(view) : SizesByC(view);

    public static string? Check(PolicyView view)
    {
        ForeignBinding to = view.Foreign!;
        if (to.Table.Check == null)
            return null;
        byte* text = stackalloc byte[TextBytes];
        new Span<byte>(text, TextBytes).Clear();
        int answer = to.Table.Check(to.Lruvec, text, TextBytes);
        return answer == 0 ? null : TextIn(text) is { Length: > 0 } said ? said : "its check failed and does not say why";
    }

    public static void Dump(PolicyView view, StringBuilder text)
    {
        ForeignBinding to = view.Foreign!;
        if (to.Table.Dump == null)
            return;
        byte* written = stackalloc byte[DumpBytes];
        new Span<byte>(written, DumpBytes).Clear();
        to.Table.Dump(to.Lruvec, written, DumpBytes);
        written[DumpBytes - 1] = 0;
        text.Append(Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(written)));
    }

    private static string TextIn(byte* text)
    {
        // The last byte belongs to whoever forgets the end.
        text[TextBytes - 1] = 0;
        return Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));
    }

    /// <summary>
    /// What C gets by pointer lies on the stack of the pass, so it does not move; the translations lie on this one's, out of
    /// the way of operations that are left empty.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining), SkipLocalsInit]
    private static bool Decide(
        delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignScan*, void*, ForeignBudget*, int> operation,
        PolicyView view,
        ref ScanControl scan,
        ref PassState pass,
        ref LruvecBudget budget)
    {
        ForeignScan copy = ForeignScan.Of(scan);
        ForeignBudget visit = BudgetOf(ref budget);
        int answer = ForeignCall.Invoke(operation, view.Foreign!.Lruvec, &copy, Unsafe.AsPointer(ref pass), &visit);
        CopyBack(view, copy, ref scan);
        CopyBack(view, visit, ref budget);
        return IsYes(view, answer);
    }

    [MethodImpl(MethodImplOptions.NoInlining), SkipLocalsInit]
    private static void IsolateByC(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        ForeignBinding to = view.Foreign!;
        ForeignScan copy = ForeignScan.Of(scan);
        ForeignBudget visit = BudgetOf(ref budget);
        var core = (FolioBatch*)Unsafe.AsPointer(ref batch);
        var folios = new ForeignBatch { Folios = core->Pfns, Core = core };
        ForeignCall.Invoke(to.Table.Isolate, to.Lruvec, &copy, Unsafe.AsPointer(ref pass), &visit, &folios);
        CopyBack(view, copy, ref scan);
        CopyBack(view, visit, ref budget);
        batch.Disposition = (Disposition)InRange(view, folios.Disposition, (uint)Disposition.Deactivate, 0);
        batch.Type = (FolioType)InRange(view, folios.Type, (uint)FolioType.File, 0);
        batch.Examined = folios.Examined >= batch.Count ? folios.Examined : Overridden(view, batch.Count);
    }

    [MethodImpl(MethodImplOptions.NoInlining), SkipLocalsInit]
    private static bool AfterByC(PolicyView view, ref ScanControl scan, ref LruvecBudget budget, ref FolioBatch batch)
    {
        ForeignBinding to = view.Foreign!;
        ForeignScan copy = ForeignScan.Of(scan);
        ForeignBudget visit = BudgetOf(ref budget);
        var folios = new ForeignBatch
        {
            Folios = ((FolioBatch*)Unsafe.AsPointer(ref batch))->Pfns,
            Count = (uint)batch.Count,
            Survivors = (uint)batch.Survivors,
            Disposition = (uint)batch.Disposition,
            Type = (uint)batch.Type,
            Examined = batch.Examined,
            Scanned = batch.Scanned,
            Reclaimed = batch.Reclaimed,
            Demoted = batch.Demoted,
            Written = batch.Written,
        };
        int answer = ForeignCall.Invoke(to.Table.After, to.Lruvec, &copy, &visit, &folios);
        CopyBack(view, copy, ref scan);
        CopyBack(view, visit, ref budget);
        return IsYes(view, answer);
    }

    [MethodImpl(MethodImplOptions.NoInlining), SkipLocalsInit]
    private static void VisitedByC(PolicyView view, ref ScanControl scan, VisitOutcome outcome)
    {
        ForeignBinding to = view.Foreign!;
        ForeignScan copy = ForeignScan.Of(scan);
        ForeignCall.Invoke(to.Table.Visited, to.Lruvec, &copy, (uint)outcome);
        CopyBack(view, copy, ref scan);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static LruSizes SizesByC(PolicyView view)
    {
        ForeignBinding to = view.Foreign!;
        ForeignSizes said = default;
        to.Table.Sizes(to.Lruvec, &said);
        if (Are(said.InactiveAnon, said.ActiveAnon, FolioType.Anon) && Are(said.InactiveFile, said.ActiveFile, FolioType.File))
            return new LruSizes(said.InactiveAnon, said.ActiveAnon, said.InactiveFile, said.ActiveFile);
        view.Refuse(PolicyOverride.BadAnswer);
        return DefaultOperations.Sizes(view);

        // Where several threads run, pages come and go between what C counts and what is counted here.
        bool Are(long inactive, long active, FolioType type) =>
            inactive >= 0 && active >= 0 && (view.IsConcurrent
                ? active <= long.MaxValue - inactive
                : view.ResidentOf(type) is var all && inactive <= all && active == all - inactive);
    }

    /// <summary>
    /// Before the first visit of a pass, not when the pass begins: there the target may have another policy, and then there is no
    /// lruvec to name to this one.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void PreparePass(PolicyView view, ref ScanControl scan, ref PassState pass)
    {
        PolicyView target = view.TargetOf(scan);
        ForeignBinding to = (target.Definition == view.Definition ? target : view).Foreign!;
        ForeignScan copy = ForeignScan.Of(scan);
        ForeignCall.Invoke(to.Table.Prepare, to.Lruvec, &copy, Unsafe.AsPointer(ref pass));
        CopyBack(view, copy, ref scan);
        pass[PreparedWord] = 1;
    }

    /// <summary>A list number as the view takes it: one that is no number at all is none of its lists.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ListNumber(uint list) => list <= int.MaxValue ? (int)list : int.MaxValue;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ForeignBudget BudgetOf(ref LruvecBudget budget) => new()
    {
        State = Unsafe.AsPointer(ref LruvecBudget.As<ulong>(ref budget)),
        Reclaimed = budget.Reclaimed,
        Examined = budget.Examined,
        Fruitless = budget.Fruitless,
        Done = budget.Done ? 1u : 0,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyBack(PolicyView view, in ForeignBudget from, ref LruvecBudget to) =>
        to.Done = InRange(view, from.Done, 1, 0) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyBack(PolicyView view, in ForeignScan from, ref ScanControl to)
    {
        if (!from.CopyTo(ref to))
            view.Refuse(PolicyOverride.BadAnswer);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsYes(PolicyView view, int answer) => InRange(view, (uint)answer, 1, 0) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint InRange(PolicyView view, uint answer, uint most, uint otherwise) =>
        answer <= most ? answer : (uint)Overridden(view, otherwise);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long Overridden(PolicyView view, long harmless)
    {
        view.Refuse(PolicyOverride.BadAnswer);
        return harmless;
    }
}
