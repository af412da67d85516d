using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Handles;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.Machine;
using ReclaimNative.Observe;

namespace ReclaimNative.Bindings.Exports;

/// <summary>The proactive request of reclaim.h. Its contract is its comment there.</summary>
internal static unsafe class ReclaimExports
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_reclaim")]
    public static int Reclaim(ulong engine, RequestStruct* request, ResultStruct* result)
    {
        try
        {
            EngineEntry entry = Living.Engine(engine);
            RequestStruct asked = CallerStruct.Read<RequestStruct>(request);
            uint resultSize = result == null ? 0 : CallerStruct.SizeOf<ResultStruct>(result);
            ReclaimRequest translated = Translate(entry, asked);

            ResultStruct outcome = Run(entry, asked, translated);
            outcome.StructSize = resultSize;
            if (result != null)
                CallerStruct.Write(result, resultSize, outcome);
            return outcome.Reclaimed >= asked.Pages ? Status.Ok : LastError.Set(Status.Again, Shortfall(outcome, asked.Pages));
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    private static ResultStruct Run(EngineEntry entry, in RequestStruct asked, ReclaimRequest request)
    {
        MemoryCgroup target = request.Memcg!;
        long scanned = entry.Engine.Read(target, Counter.pgscan_proactive);
        CallerBacking backing = entry.Backing;
        backing.Begin(asked.Victims, asked.VictimSize, asked.VictimCapacity);
        ulong reclaimed;
        try
        {
            reclaimed = (ulong)entry.Engine.Reclaim(request).Reclaimed;
        }
        finally
        {
            backing.End();
        }

        bool full = asked.Victims != null && reclaimed == asked.VictimCapacity && (backing.Overflowed || reclaimed < asked.Pages);
        return new ResultStruct
        {
            Stop = full ? ResultStruct.StopFull : reclaimed >= asked.Pages ? ResultStruct.StopDone : ResultStruct.StopExhausted,
            Reclaimed = reclaimed,
            Scanned = (ulong)(entry.Engine.Read(target, Counter.pgscan_proactive) - scanned),
            Refused = backing.Refused,
            Victims = backing.Victims,
        };
    }

    private static ReclaimRequest Translate(EngineEntry entry, in RequestStruct asked)
    {
        Check.Flags(asked.Flags, RequestStruct.HasSwappiness);
        if (asked.Pages is 0 or > long.MaxValue)
            throw new Refusal(Status.Invalid, $"The request is for {asked.Pages} pages; 1 to {long.MaxValue} are accepted.");
        MemoryCgroup target = Living.MemcgOf(entry, asked.Memcg).Memcg;
        Node? node = Check.NodeMask(entry.Engine, asked.Nodes);
        int? swappiness = null;
        if ((asked.Flags & RequestStruct.HasSwappiness) != 0)
        {
            Check.Swappiness(asked.Swappiness);
            swappiness = (int)asked.Swappiness;
        }
        else if (asked.Swappiness != 0)
        {
            throw new Refusal(Status.Invalid, "swappiness is given without RECLAIM_REQUEST_SWAPPINESS; with the flag it counts, without it 0 is accepted.");
        }

        ulong pages = asked.Pages;
        if (asked.Victims != null)
        {
            CallerStruct.CheckSize<PageStruct>(asked.VictimSize);
            if (asked.VictimCapacity == 0)
                throw new Refusal(Status.Invalid, "victim_capacity is 0 and victims is not NULL; an array has room for at least 1 page.");
            pages = Math.Min(pages, asked.VictimCapacity);
        }
        else if (asked.VictimCapacity != 0)
        {
            throw new Refusal(Status.Null, $"victim_capacity is {asked.VictimCapacity} and victims is NULL; without an array 0 is accepted.");
        }

        return new ReclaimRequest((long)pages, target, node, swappiness) { Overshoots = true };
    }

    private static string Shortfall(in ResultStruct outcome, ulong asked) => outcome.Stop == ResultStruct.StopFull
        ? $"{outcome.Reclaimed} pages of {asked} were reclaimed, which is all that the victim array has room for."
        : $"{outcome.Reclaimed} pages of {asked} were reclaimed and no more could be.";
}
