#pragma warning disable CS0649 // Assigned by C.
using System.Runtime.InteropServices;

namespace ReclaimNative.Policies;

/// <summary>reclaim_scan_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ForeignScan
{
    public const uint MaySwap = 1;
    public const uint Background = 2;
    public const uint NoCacheTrim = 4;
    public const uint Root = 8;
    public const uint Cgroup = 16;

    public const uint CacheTrim = 1;
    public const uint ForceDeactivate = 2;
    public const uint SkippedDeactivate = 4;
    public const uint IgnoreLow = 8;
    public const uint LowSkipped = 16;
    public const uint AllMarks = 31;

    public long NrToReclaim;
    public long NrReclaimed;
    public long NrScanned;
    public int Priority;
    public int Swappiness;
    public uint Reclaimer;
    public uint Flags;
    public uint Marks;
    public uint Reserved;

    public static ForeignScan Of(in ScanControl scan) => new()
    {
        NrToReclaim = scan.NrToReclaim,
        NrReclaimed = scan.NrReclaimed,
        NrScanned = scan.NrScanned,
        Priority = scan.Priority,
        Swappiness = scan.Swappiness ?? -1,
        Reclaimer = (uint)scan.Reclaimer,
        Flags = (scan.MaySwap ? MaySwap : 0)
            | (scan.Background ? Background : 0)
            | (scan.NoCacheTrim ? NoCacheTrim : 0)
            | (scan.IsRootReclaim ? Root : 0)
            | (scan.IsCgroupReclaim ? Cgroup : 0),
        Marks = MarksOf(scan),
    };

    /// <summary>Copies back what a policy may change, if it makes sense.</summary>
    /// <returns>False: something did not, and was left as it was.</returns>
    public readonly bool CopyTo(ref ScanControl scan)
    {
        if (Priority == scan.Priority && Marks == MarksOf(scan))
            return true;
        bool makesSense = true;
        if (Priority >= 0 && Priority <= scan.Priority)
            scan.Priority = Priority;
        else
            makesSense = false;
        if ((Marks & ~AllMarks) != 0)
            return false;
        scan.CacheTrim = (Marks & CacheTrim) != 0;
        scan.ForceDeactivate = (Marks & ForceDeactivate) != 0;
        scan.SkippedDeactivate = (Marks & SkippedDeactivate) != 0;
        scan.IgnoreLow = (Marks & IgnoreLow) != 0;
        scan.LowSkipped = (Marks & LowSkipped) != 0;
        return makesSense;
    }

    private static uint MarksOf(in ScanControl scan) =>
        (scan.CacheTrim ? CacheTrim : 0)
        | (scan.ForceDeactivate ? ForceDeactivate : 0)
        | (scan.SkippedDeactivate ? SkippedDeactivate : 0)
        | (scan.IgnoreLow ? IgnoreLow : 0)
        | (scan.LowSkipped ? LowSkipped : 0);
}

/// <summary>reclaim_budget_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ForeignBudget
{
    public void* State;
    public long Reclaimed;
    public long Examined;
    public long Fruitless;
    public uint Done;
    public uint Reserved;
}

/// <summary>reclaim_batch_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ForeignBatch
{
    public uint* Folios;
    public uint Count;
    public uint Survivors;
    public uint Disposition;
    public uint Type;
    public long Examined;
    public long Scanned;
    public long Reclaimed;
    public long Demoted;
    public long Written;

    /// <summary>The core's batch, on the stack of the caller; null where nothing may be isolated.</summary>
    public FolioBatch* Core;
}

/// <summary>reclaim_references_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ForeignReferences
{
    public uint Mappings;
    public uint Executable;
    public uint IsMapped;
    public uint Reserved;
}

/// <summary>reclaim_shadow_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ForeignShadow
{
    public uint Stamp;
    public uint Memcg;
    public uint Node;
    public uint Workingset;
}

/// <summary>reclaim_sizes_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ForeignSizes
{
    public long InactiveAnon;
    public long ActiveAnon;
    public long InactiveFile;
    public long ActiveFile;
}

/// <summary>reclaim_walked_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ForeignWalked
{
    public long Entries;
    public long Young;
    public long TablesFound;
    public long TablesAdded;
}

/// <summary>reclaim_lruvec_t: what C gets of a lruvec.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ForeignLruvec
{
    public ForeignHelperTable* Helpers;
    public void* State;
    public uint* Words;
    public uint* History;
    public ushort* Flags;
    public void* Lists;
    public void* Orders;
    public void* OrderLinks;
    public long* Resident;
    public uint WordsStride;
    public uint HistoryStride;
    public uint FrameCount;
    public uint PageCount;
    public uint FirstOrder;
    public uint ListCount;
    public uint OrderCount;
    public uint Mechanisms;
    public uint StampMask;
    public uint StampOrder;
    public uint Memcg;
    public uint Node;

    /// <summary>A weak handle of the <see cref="PolicyView"/>: an engine that nobody disposes of can still be collected.</summary>
    public nint Core;
}

/// <summary>reclaim_policy_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ForeignPolicyTable
{
    /// <summary>RECLAIM_POLICY_ABI.</summary>
    public const uint CurrentAbi = 1;

    /// <summary>The table in version 0.1: none was ever smaller.</summary>
    public const uint FirstSize = 264;

    public uint StructSize;
    public uint Abi;
    public byte* Name;
    public byte* Summary;
    public uint Flags;
    public uint Sight;
    public uint Mechanisms;
    public uint Lists;
    public uint LeastReclaim;
    public uint StateBytes;
    public uint WordsPerPage;
    public uint HistoryWords;
    public uint Orders;
    public uint Reserved;
    public ulong Fuel;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, void> LruvecOnline;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, void> LruvecOffline;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint*, uint, uint> ColdestFirst;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint, uint> Place;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint, void> Remove;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint, void> Arrive;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, void> Forget;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint, void> OnEvent;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint*, uint, void> OnAccesses;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint*, uint, uint, void> OnYoung;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, int, void> Age;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignScan*, void*, void> Prepare;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignScan*, void*, ForeignBudget*, int> Budget;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignScan*, void*, ForeignBudget*, ForeignBatch*, void> Isolate;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, ForeignReferences*, uint, uint> Verdict;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignScan*, ForeignBudget*, ForeignBatch*, int> After;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignScan*, void*, ForeignBudget*, int> Continue;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignScan*, uint, void> Visited;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, ForeignLruvec*, uint> MakeShadow;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, ForeignShadow*, uint, void> OnRefault;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, int, long> OldestBirthMs;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignSizes*, void> Sizes;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, byte*, uint, int> Check;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, byte*, uint, void> Dump;
}

/// <summary>reclaim_helpers_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ForeignHelperTable
{
    public uint StructSize;
    public uint Reserved;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint> ListTail;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint> ListHead;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint> TowardHead;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint> TowardTail;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint> ListOf;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint*, uint, uint, uint> Move;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignBatch*, uint*, uint, uint> Isolate;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignBatch*, uint, uint, uint> IsolateTail;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignBatch*, uint*, uint, void> PassOver;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignBatch*, uint, uint, uint, uint> Recycle;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint> Flags;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint, uint, void> ChangeFlags;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint, uint, uint, int> TryChangeFlags;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint*, uint, ulong*, uint> TestAndClearYoung;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint*, uint, uint*, void> PagesOf;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint> FrameOf;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint, uint, uint, int> OrderAdd;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint, long, int> OrderPush;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint, int> OrderRemove;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, long> Capacity;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, long> NowMs;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, int> Swappiness;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, long, int> CanReclaimAnon;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, ulong> NonresidentAge;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint, long, void> Count;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, void> CountRefault;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignShadow*, ForeignLruvec*> LruvecOf;
    public delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, ForeignWalked*, void> Walk;
}
