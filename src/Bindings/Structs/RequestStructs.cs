#pragma warning disable CS0649 // Assigned by C.
using ReclaimNative.Bindings.Boundary;

namespace ReclaimNative.Bindings.Structs;

/// <summary>reclaim_request_t.</summary>
internal unsafe struct RequestStruct : ICallerStruct
{
    public const uint HasSwappiness = 1;
    public const uint Machine = 2;
    public const uint Kernel = 4;

    public uint StructSize;
    public uint Flags;
    public ulong Pages;
    public ulong Memcg;
    public ulong Nodes;
    public uint Swappiness;
    public uint VictimSize;
    public PageStruct* Victims;
    public ulong VictimCapacity;
    public uint Types;
    public uint Mode;
    public ulong MinIdleMs;
    public ulong MaxScanned;
    public ulong TimeLimitUs;
    public ulong BatchPages;
    public NodeResultStruct* NodeResults;
    public uint NodeResultSize;
    public uint NodeResultCapacity;
    public delegate* unmanaged[Cdecl]<void*, ResultStruct*, void> Completed;
    public void* CompletedContext;

    public static string CName => "reclaim_request_t";

    public static uint FirstSize => 56;
}

/// <summary>reclaim_result_t.</summary>
internal struct ResultStruct : ICallerStruct
{
    public const uint StopDone = 0;
    public const uint StopFull = 1;
    public const uint StopExhausted = 2;
    public const uint StopScanLimit = 3;
    public const uint StopTimeLimit = 4;
    public const uint StopCanceled = 5;
    public const uint StopNotYet = 6;

    public uint StructSize;
    public uint Stop;
    public ulong Reclaimed;
    public ulong Scanned;
    public ulong Refused;
    public ulong Victims;
    public ulong Demoted;
    public ulong KeptByPolicy;
    public ulong KeptPinned;
    public ulong KeptBusy;
    public ulong KeptType;
    public ulong KeptDirty;
    public ulong KeptAge;
    public ulong KeptNoSwap;
    public ulong KeptNotDemoted;
    public ulong ProtectedPages;
    public ulong ElapsedUs;
    public uint Attempts;
    public uint AgeSource;
    public uint NodeResults;
    public uint Reserved;

    public static string CName => "reclaim_result_t";

    public static uint FirstSize => 40;
}

/// <summary>reclaim_node_result_t.</summary>
internal struct NodeResultStruct : ICallerStruct
{
    public uint StructSize;
    public uint Node;
    public ulong EvictedAnon;
    public ulong EvictedFile;
    public ulong DemotedAnon;
    public ulong DemotedFile;
    public ulong Scanned;

    public static string CName => "reclaim_node_result_t";

    public static uint FirstSize => 48;
}
