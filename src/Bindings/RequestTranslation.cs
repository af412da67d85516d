using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Handles;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.Machine;

namespace ReclaimNative.Bindings;

/// <summary>Requests from C to the engine's, and results back.</summary>
internal static unsafe class RequestTranslation
{
    /// <summary>Checks a request of C's and says it as the engine's.</summary>
    /// <param name="entry">The engine.</param>
    /// <param name="asked">The request.</param>
    /// <param name="limits">The room of the victim array limits the amount.</param>
    public static ReclaimRequest Of(EngineEntry entry, in RequestStruct asked, bool limits = true)
    {
        Check.Flags(asked.Flags, RequestStruct.HasSwappiness | RequestStruct.Machine | RequestStruct.Kernel);
        if (asked.Pages is 0 or > long.MaxValue)
            throw new Refusal(Status.Invalid, $"The request is for {asked.Pages} pages; 1 to {long.MaxValue} are accepted.");
        bool ofMachine = (asked.Flags & RequestStruct.Machine) != 0;
        if (ofMachine && asked.Memcg != 0)
            throw new Refusal(Status.Invalid, "A memcg is given with RECLAIM_REQUEST_MACHINE; for the whole machine NULL is accepted.");
        MemoryCgroup target = Living.MemcgOf(entry, asked.Memcg).Memcg;
        CheckArrays(entry, asked);
        return new ReclaimRequest(
            (long)(limits && asked.Victims != null ? Math.Min(asked.Pages, asked.VictimCapacity) : asked.Pages),
            ofMachine ? null : target,
            Check.Nodes(entry.Engine, asked.Nodes),
            SwappinessOf(asked))
        {
            Types = asked.Types switch
            {
                0 => ReclaimTypes.Any,
                1 => ReclaimTypes.File,
                2 => ReclaimTypes.CleanFile,
                3 => ReclaimTypes.Anon,
                _ => throw new Refusal(Status.Invalid, $"types is {asked.Types}; 0 (any), 1 (file), 2 (clean file) and 3 (anon) are accepted."),
            },
            Mode = asked.Mode switch
            {
                0 => ReclaimMode.Auto,
                1 => ReclaimMode.Evict,
                2 => ReclaimMode.Demote,
                _ => throw new Refusal(Status.Invalid, $"mode is {asked.Mode}; 0 (auto), 1 (evict) and 2 (demote) are accepted."),
            },
            MinIdleMs = Amount(asked.MinIdleMs, "min_idle_ms", long.MaxValue / 1000),
            MaxScanned = asked.MaxScanned == 0 ? null : Amount(asked.MaxScanned, "max_scanned", long.MaxValue),
            TimeLimit = asked.TimeLimitUs == 0 ? null : TimeSpan.FromMicroseconds(Amount(asked.TimeLimitUs, "time_limit_us", long.MaxValue / 1000)),
            BatchPages = asked.BatchPages == 0 ? ReclaimRequest.DefaultBatchPages : Amount(asked.BatchPages, "batch_pages", long.MaxValue),
            Overshoots = (asked.Flags & RequestStruct.Kernel) != 0,
        };
    }

    /// <summary>A result for C, and its share of each node into the array that the request may have.</summary>
    public static ResultStruct ToC(ReclaimResult result, in RequestStruct asked)
    {
        uint nodes = 0;
        if (asked.NodeResults != null)
        {
            foreach (NodeReclaim node in result.Nodes)
            {
                CallerStruct.Write((byte*)asked.NodeResults + nodes++ * (ulong)asked.NodeResultSize, asked.NodeResultSize, new NodeResultStruct
                {
                    StructSize = (uint)sizeof(NodeResultStruct),
                    Node = (uint)node.Node.Id,
                    EvictedAnon = (ulong)node.EvictedAnon,
                    EvictedFile = (ulong)node.EvictedFile,
                    DemotedAnon = (ulong)node.DemotedAnon,
                    DemotedFile = (ulong)node.DemotedFile,
                    Scanned = (ulong)node.Scanned,
                });
            }
        }

        ulong Kept(ReclaimSkip reason) => (ulong)result.Skipped[reason];
        return new ResultStruct
        {
            Stop = result.Stop switch
            {
                ReclaimStop.Done => ResultStruct.StopDone,
                ReclaimStop.ScanLimit => ResultStruct.StopScanLimit,
                ReclaimStop.TimeLimit => ResultStruct.StopTimeLimit,
                ReclaimStop.Canceled => ResultStruct.StopCanceled,
                _ => ResultStruct.StopExhausted,
            },
            Reclaimed = (ulong)result.Reclaimed,
            Scanned = (ulong)result.Scanned,
            Demoted = (ulong)result.Demoted,
            KeptByPolicy = Kept(ReclaimSkip.Policy),
            KeptPinned = Kept(ReclaimSkip.Pinned),
            KeptBusy = Kept(ReclaimSkip.Busy),
            KeptType = Kept(ReclaimSkip.Type),
            KeptDirty = Kept(ReclaimSkip.Dirty),
            KeptAge = Kept(ReclaimSkip.Age),
            KeptNoSwap = Kept(ReclaimSkip.NoSwap),
            KeptNotDemoted = Kept(ReclaimSkip.NotDemoted),
            ProtectedPages = (ulong)result.Protected,
            ElapsedUs = (ulong)result.Elapsed.TotalMicroseconds,
            Attempts = (uint)result.Attempts,
            AgeSource = (uint)result.Age,
            NodeResults = nodes,
        };
    }

    private static int? SwappinessOf(in RequestStruct asked)
    {
        if ((asked.Flags & RequestStruct.HasSwappiness) != 0)
        {
            return asked.Swappiness <= ReclaimRequest.AnonOnly
                ? (int)asked.Swappiness
                : throw new Refusal(Status.Invalid, $"The swappiness is {asked.Swappiness}; 0 to 200 are accepted, and {ReclaimRequest.AnonOnly} for anonymous pages alone.");
        }

        return asked.Swappiness == 0
            ? null
            : throw new Refusal(Status.Invalid, "swappiness is given without RECLAIM_REQUEST_SWAPPINESS; with the flag it counts, without it 0 is accepted.");
    }

    private static void CheckArrays(EngineEntry entry, in RequestStruct asked)
    {
        if (asked.Victims != null)
        {
            CallerStruct.CheckSize<PageStruct>(asked.VictimSize);
            if (asked.VictimCapacity == 0)
                throw new Refusal(Status.Invalid, "victim_capacity is 0 and victims is not NULL; an array has room for at least 1 page.");
        }
        else if (asked.VictimCapacity != 0)
        {
            throw new Refusal(Status.Null, $"victim_capacity is {asked.VictimCapacity} and victims is NULL; without an array 0 is accepted.");
        }

        if (asked.NodeResults != null)
        {
            CallerStruct.CheckSize<NodeResultStruct>(asked.NodeResultSize);
            if (asked.NodeResultCapacity < (uint)entry.Engine.Nodes.Count)
                throw new Refusal(Status.Invalid, $"node_result_capacity is {asked.NodeResultCapacity}; this engine has {entry.Engine.Nodes.Count} nodes, and an array has room for all of them.");
        }
        else if (asked.NodeResultCapacity != 0)
        {
            throw new Refusal(Status.Null, $"node_result_capacity is {asked.NodeResultCapacity} and node_results is NULL; without an array 0 is accepted.");
        }
    }

    private static long Amount(ulong given, string name, long most) =>
        given <= (ulong)most ? (long)given : throw new Refusal(Status.Invalid, $"{name} is {given}; at most {most} is accepted.");
}
