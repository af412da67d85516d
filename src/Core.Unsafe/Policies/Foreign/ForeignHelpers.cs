using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Frames;
using ReclaimNative.Mechanisms;
using ReclaimNative.Memory;
using ReclaimNative.Observe;

namespace ReclaimNative.Policies;

/// <summary>
/// What C policies call: one function for each slot of reclaim_helpers_t. They check every number, since none of C's can be
/// trusted, pass on to the <see cref="PolicyView"/> and let no exception out.
/// </summary>
/// <remarks>
/// A try block costs a few nanoseconds in a function of ten, so those whose checked arguments leave nothing to throw have
/// none.
/// </remarks>
internal static unsafe class ForeignHelpers
{
    private const uint None = PolicyView.None;

    /// <summary>The events that C names, as the pair of their counters: of anonymous pages, and of file pages.</summary>
    private static readonly (Counter Anon, Counter File)[] Events =
    [
        (Counter.pgactivate, Counter.pgactivate),
        (Counter.pgdeactivate, Counter.pgdeactivate),
        (Counter.workingset_activate_anon, Counter.workingset_activate_file),
        (Counter.workingset_restore_anon, Counter.workingset_restore_file),
    ];

    private static readonly NativeBlock Block = new((nuint)sizeof(ForeignHelperTable));

    /// <summary>reclaim_helpers_t, one for the process and for as long as it lives.</summary>
    public static ForeignHelperTable* Table { get; } = Make();

    private static ForeignHelperTable* Make()
    {
        var table = (ForeignHelperTable*)Block.Pointer;
        *table = new ForeignHelperTable
        {
            StructSize = (uint)sizeof(ForeignHelperTable),
            ListTail = &ListTail,
            ListHead = &ListHead,
            TowardHead = &TowardHead,
            TowardTail = &TowardTail,
            ListOf = &ListOf,
            Move = &Move,
            Isolate = &Isolate,
            IsolateTail = &IsolateTail,
            PassOver = &PassOver,
            Recycle = &Recycle,
            Flags = &Flags,
            ChangeFlags = &ChangeFlags,
            TryChangeFlags = &TryChangeFlags,
            TestAndClearYoung = &TestAndClearYoung,
            PagesOf = &PagesOf,
            FrameOf = &FrameOf,
            OrderAdd = &OrderAdd,
            OrderPush = &OrderPush,
            OrderRemove = &OrderRemove,
            Capacity = &Capacity,
            NowMs = &NowMs,
            Swappiness = &Swappiness,
            CanReclaimAnon = &CanReclaimAnon,
            NonresidentAge = &NonresidentAge,
            Count = &Count,
            CountRefault = &CountRefault,
            LruvecOf = &LruvecOf,
            Walk = &Walk,
        };
        return table;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static uint ListTail(ForeignLruvec* lru, uint list)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        return list < lru->ListCount ? view.Tail((int)list) : Refuse(view);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static uint ListHead(ForeignLruvec* lru, uint list)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        return list < lru->ListCount ? view.Head((int)list) : Refuse(view);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static uint TowardHead(ForeignLruvec* lru, uint folio)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        return view.IsListed(folio) ? view.TowardHead(folio) : Refuse(view);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static uint TowardTail(ForeignLruvec* lru, uint folio)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        return view.IsListed(folio) ? view.TowardTail(folio) : Refuse(view);
    }

    /// <summary>A folio on no list is no fault: that is what the caller asks.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static uint ListOf(ForeignLruvec* lru, uint folio)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        return view.IsListed(folio) ? (uint)view.ListOf(folio) : None;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static uint Move(ForeignLruvec* lru, uint list, uint* folios, uint count, uint toTail)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        try
        {
            int to = ListNumber(list);
            uint moved = 0;
            for (uint i = 0; i < count; i++)
            {
                if (toTail == 0 ? view.MoveToHead(to, folios[i]) : view.MoveToTail(to, folios[i]))
                    moved++;
            }

            return moved;
        }
        catch (Exception)
        {
            return Refuse(view, 0);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static uint Isolate(ForeignLruvec* lru, ForeignBatch* batch, uint* folios, uint count)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        try
        {
            if (batch->Core == null)
                return Refuse(view, 0);
            ref FolioBatch to = ref Begin(batch);
            int before = to.Count;
            for (uint i = 0; i < count; i++)
                view.TryIsolate(folios[i], ref to);
            End(batch);
            return (uint)(to.Count - before);
        }
        catch (Exception)
        {
            return Refuse(view, 0);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static uint IsolateTail(ForeignLruvec* lru, ForeignBatch* batch, uint list, uint count)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        try
        {
            if (batch->Core == null)
                return Refuse(view, 0);
            ref FolioBatch to = ref Begin(batch);
            int taken = view.IsolateTail(ListNumber(list), (int)Math.Min(count, FolioBatch.Capacity), ref to);
            End(batch);
            return (uint)taken;
        }
        catch (Exception)
        {
            return Refuse(view, 0);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void PassOver(ForeignLruvec* lru, ForeignBatch* batch, uint* folios, uint count)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        try
        {
            PassOver(view, batch, folios, count);
        }
        catch (Exception)
        {
            Refuse(view);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static uint Recycle(ForeignLruvec* lru, ForeignBatch* batch, uint from, uint folio, uint to)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        try
        {
            PassOver(view, batch, &folio, 1);
            view.MoveToHead(ListNumber(to), folio);
            return from < lru->ListCount ? view.Tail((int)from) : Refuse(view);
        }
        catch (Exception)
        {
            return Refuse(view);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static uint Flags(ForeignLruvec* lru, uint folio)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        return folio < view.FrameCount ? (uint)view.Flags(folio) : Refuse(view, 0);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void ChangeFlags(ForeignLruvec* lru, uint folio, uint clear, uint set)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        try
        {
            if (folio < view.FrameCount)
                view.Change(folio, (FolioFlags)clear, (FolioFlags)set);
            else
                Refuse(view);
        }
        catch (Exception)
        {
            Refuse(view);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int TryChangeFlags(ForeignLruvec* lru, uint folio, uint expected, uint clear, uint set)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        try
        {
            return view.IsListed(folio) && view.TryChange(folio, (FolioFlags)expected, (FolioFlags)clear, (FolioFlags)set) ? 1 : 0;
        }
        catch (Exception)
        {
            return (int)Refuse(view, 0);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static uint TestAndClearYoung(ForeignLruvec* lru, uint* folios, uint count, ulong* young)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        try
        {
            uint found = 0;
            for (uint i = 0; i < count; i++)
            {
                if (i % 64 == 0)
                    young[i / 64] = 0;
                if (!view.IsListed(folios[i]))
                {
                    Refuse(view);
                }
                else if (view.TestAndClearYoung(folios[i]))
                {
                    young[i / 64] |= 1UL << (int)(i % 64);
                    found++;
                }
            }

            return found;
        }
        catch (Exception)
        {
            return Refuse(view, 0);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void PagesOf(ForeignLruvec* lru, uint* folios, uint count, uint* pages)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        for (uint i = 0; i < count; i++)
            pages[i] = view.PageOf(folios[i]);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static uint FrameOf(ForeignLruvec* lru, uint page) => ForeignBinding.ViewOf(lru).FrameOf(page);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OrderAdd(ForeignLruvec* lru, uint order, uint page, uint neighbour, uint atTail)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        try
        {
            return order < lru->OrderCount && view.AddToOrder(lru->FirstOrder + order, page, neighbour, atHead: atTail == 0)
                ? 1
                : order < lru->OrderCount ? 0 : (int)Refuse(view, 0);
        }
        catch (Exception)
        {
            return (int)Refuse(view, 0);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OrderPush(ForeignLruvec* lru, uint order, uint folio, long limit)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        try
        {
            if (order >= lru->OrderCount)
                return (int)Refuse(view, 0);
            uint number = lru->FirstOrder + order;
            bool added = view.AddToOrder(number, view.PageOf(folio), None, atHead: true);
            while (view.CountOf(number) > Math.Max(limit, 0) && view.RemoveFromOrder(number, view.TailOf(number)))
            {
            }

            return added ? 1 : 0;
        }
        catch (Exception)
        {
            return (int)Refuse(view, 0);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OrderRemove(ForeignLruvec* lru, uint order, uint page)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        try
        {
            return order < lru->OrderCount && view.RemoveFromOrder(lru->FirstOrder + order, page) ? 1 : 0;
        }
        catch (Exception)
        {
            return (int)Refuse(view, 0);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long Capacity(ForeignLruvec* lru) => ForeignBinding.ViewOf(lru).Capacity;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long NowMs(ForeignLruvec* lru) => ForeignBinding.ViewOf(lru).NowMs;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Swappiness(ForeignLruvec* lru) => ForeignBinding.ViewOf(lru).Memcg.Swappiness;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CanReclaimAnon(ForeignLruvec* lru, long pages)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        try
        {
            return pages >= 0 && view.CanReclaimAnon(pages) ? 1 : 0;
        }
        catch (Exception)
        {
            return (int)Refuse(view, 0);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static ulong NonresidentAge(ForeignLruvec* lru, uint advance)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        try
        {
            if (advance > 0)
                view.AdvanceNonresidentAge(advance);
            return view.NonresidentAge;
        }
        catch (Exception)
        {
            return Refuse(view, 0);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Count(ForeignLruvec* lru, uint which, uint type, long amount)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        try
        {
            if (which < (uint)Events.Length && type <= (uint)FolioType.File && amount >= 0)
                view.Count(type == (uint)FolioType.Anon ? Events[which].Anon : Events[which].File, amount);
            else
                Refuse(view);
        }
        catch (Exception)
        {
            Refuse(view);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void CountRefault(ForeignLruvec* lru, uint folio)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        try
        {
            if (folio < view.FrameCount)
                view.CountRefault(folio);
            else
                Refuse(view);
        }
        catch (Exception)
        {
            Refuse(view);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static ForeignLruvec* LruvecOf(ForeignLruvec* lru, ForeignShadow* shadow)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        try
        {
            if (shadow->Memcg > ushort.MaxValue || shadow->Node > byte.MaxValue)
                return null;
            var named = new ShadowEntry(shadow->Stamp, (ushort)shadow->Memcg, (byte)shadow->Node, shadow->Workingset != 0);
            return view.ViewOf(named) is { } found && found.Definition == view.Definition ? found.Foreign!.Lruvec : null;
        }
        catch (Exception)
        {
            Refuse(view);
            return null;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Walk(ForeignLruvec* lru, uint options, ForeignWalked* walked)
    {
        PolicyView view = ForeignBinding.ViewOf(lru);
        try
        {
            WalkResult result = view.WalkPageTables(new WalkOptions((options & 1) != 0, (options & 2) != 0, (options & 4) != 0, (options & 8) != 0));
            if (walked != null)
                *walked = new ForeignWalked { Entries = result.Entries, Young = result.Young, TablesFound = result.TablesFound, TablesAdded = result.TablesAdded };
        }
        catch (Exception)
        {
            Refuse(view);
        }
    }

    private static void PassOver(PolicyView view, ForeignBatch* batch, uint* folios, uint count)
    {
        if (batch->Core == null)
        {
            Refuse(view);
            return;
        }

        ref FolioBatch to = ref Begin(batch);
        for (uint i = 0; i < count; i++)
        {
            if (folios[i] < view.FrameCount)
                view.PassOver(folios[i], ref to);
            else
                Refuse(view);
        }

        End(batch);
    }

    /// <summary>The core's batch with what C has counted itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref FolioBatch Begin(ForeignBatch* batch)
    {
        batch->Core->Examined = batch->Examined;
        return ref *batch->Core;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void End(ForeignBatch* batch)
    {
        batch->Count = (uint)batch->Core->Count;
        batch->Examined = batch->Core->Examined;
        batch->Scanned = batch->Core->Scanned;
    }

    /// <summary>A list number as the view takes it: one that is no number at all is none of its lists.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ListNumber(uint list) => list <= int.MaxValue ? (int)list : int.MaxValue;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static uint Refuse(PolicyView view, uint answer = None)
    {
        view.Refuse(PolicyOverride.OutOfRange);
        return answer;
    }
}
