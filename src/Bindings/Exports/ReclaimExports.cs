using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Handles;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.Reclaim;

namespace ReclaimNative.Bindings.Exports;

/// <summary>The proactive requests of reclaim.h: at once, previewed, or step by step. The contract of each call is its comment there.</summary>
internal static unsafe class ReclaimExports
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_reclaim")]
    public static int Reclaim(ulong engine, RequestStruct* request, ResultStruct* result)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            RequestStruct asked = CallerStruct.Read<RequestStruct>(request);
            uint size = CallerStruct.SizeIfGiven<ResultStruct>(result);
            var operation = new OperationEntry(entry, entry.Engine.Begin(RequestTranslation.Of(entry, asked)), asked);
            while (Step(operation))
            {
            }

            return Answer(operation, result, size);
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_preview")]
    public static int Preview(ulong engine, RequestStruct* request, ResultStruct* result)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            RequestStruct asked = CallerStruct.Read<RequestStruct>(request);
            uint size = CallerStruct.SizeIfGiven<ResultStruct>(result);
            List<ProposedPage>? leaving = asked.Victims == null ? null : [];
            ReclaimResult previewed = entry.Engine.Preview(RequestTranslation.Of(entry, asked, limits: false), leaving);
            ResultStruct outcome = RequestTranslation.ToC(previewed, asked);
            outcome.Victims = leaving is null ? 0 : Tell(asked, CollectionsMarshal.AsSpan(leaving));
            return Answer(outcome, asked.Pages, result, size, "reclaimed");
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_propose")]
    public static int Propose(ulong engine, RequestStruct* request, ResultStruct* result)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            RequestStruct asked = CallerStruct.Read<RequestStruct>(request);
            uint size = CallerStruct.SizeIfGiven<ResultStruct>(result);
            Check.NotNull(asked.Victims, "victims");
            ReclaimRequest wanted = RequestTranslation.Of(entry, asked);
            long frames = 0;
            foreach (Machine.Node node in entry.Engine.Nodes)
                frames += node.Pages;
            var pages = new ProposedPage[Math.Min(wanted.Pages, Math.Min(frames, Array.MaxLength))];
            ReclaimResult proposed = entry.Engine.Propose(wanted, pages);
            ResultStruct outcome = RequestTranslation.ToC(proposed, asked);
            outcome.Victims = Tell(asked, pages.AsSpan(0, (int)proposed.Reclaimed));
            if (outcome.Victims == asked.VictimCapacity && outcome.Victims < asked.Pages)
                outcome.Stop = ResultStruct.StopFull;
            return Answer(outcome, asked.Pages, result, size, "proposed");
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_operation_begin")]
    public static int Begin(ulong engine, RequestStruct* request, ulong* operation)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            RequestStruct asked = CallerStruct.Read<RequestStruct>(request);
            Check.NotNull(operation, "operation");
            *operation = entry.Add(entry.Engine.Begin(RequestTranslation.Of(entry, asked)), asked).Handle;
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_operation_step")]
    public static int Step(ulong operation, ResultStruct* result)
    {
        try
        {
            using EngineCall call = Living.Operation(operation, out OperationEntry entry);
            uint size = CallerStruct.SizeIfGiven<ResultStruct>(result);
            entry.BeginStep();
            try
            {
                if (!Step(entry))
                    entry.Tell(Outcome(entry, entry.Operation.Result));
                return Answer(entry, result, size);
            }
            finally
            {
                entry.EndStep();
            }
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_operation_cancel")]
    public static int Cancel(ulong operation)
    {
        try
        {
            Living.OperationToCancel(operation).Operation.Cancel();
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_operation_destroy")]
    public static int Destroy(ulong operation)
    {
        try
        {
            if (operation == 0)
                return Status.Ok;
            using EngineCall call = Living.Operation(operation, out OperationEntry entry);
            entry.Owner.Destroy(entry);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    /// <summary>One step; whether there is more to do.</summary>
    private static bool Step(OperationEntry entry)
    {
        if (entry.Operation.IsCompleted)
            return false;
        OperationEntry? around = CallerBacking.BeginStep(entry);
        bool more;
        try
        {
            more = entry.Operation.Step();
        }
        finally
        {
            CallerBacking.EndStep(around);
        }

        // The array's room is a hard limit: further attempts would only be refused.
        if (!entry.HasOverflowed)
            return more;
        if (more)
        {
            entry.Operation.Cancel();
            entry.Operation.Step();
        }

        return false;
    }

    private static ResultStruct Outcome(OperationEntry entry, ReclaimResult result)
    {
        ResultStruct outcome = RequestTranslation.ToC(result, entry.Asked);
        outcome.Victims = entry.Victims;
        outcome.Refused = entry.Refused;
        if (entry.HasOverflowed || (entry.IsFull && (ulong)result.Reclaimed < entry.Asked.Pages))
            outcome.Stop = ResultStruct.StopFull;
        else if (!entry.Operation.IsCompleted)
            outcome.Stop = ResultStruct.StopNotYet;
        return outcome;
    }

    private static int Answer(OperationEntry entry, ResultStruct* result, uint size) =>
        Answer(Outcome(entry, entry.Operation.Result), entry.Asked.Pages, result, size, "reclaimed");

    /// <summary>Fills a victim array as far as it has room.</summary>
    private static ulong Tell(in RequestStruct asked, ReadOnlySpan<ProposedPage> pages)
    {
        ulong victims = Math.Min((ulong)pages.Length, asked.VictimCapacity);
        for (ulong i = 0; i < victims; i++)
            CallerStruct.Write((byte*)asked.Victims + i * asked.VictimSize, asked.VictimSize, CallerBacking.Describe(pages[(int)i]));
        return victims;
    }

    private static int Answer(ResultStruct outcome, ulong wanted, ResultStruct* to, uint size, string done)
    {
        outcome.StructSize = size;
        if (to != null)
            CallerStruct.Write(to, size, outcome);
        if (outcome.Stop == ResultStruct.StopNotYet || outcome.Reclaimed >= wanted)
            return Status.Ok;
        string share = $"{outcome.Reclaimed} pages of {wanted} were {done}";
        return outcome.Stop switch
        {
            ResultStruct.StopCanceled => LastError.Set(Status.Canceled, $"{share} when the request was cancelled."),
            ResultStruct.StopFull => LastError.Set(Status.Again, $"{share}, which is all that the victim array has room for."),
            ResultStruct.StopScanLimit => LastError.Set(Status.Again, $"{share} until max_scanned was reached."),
            ResultStruct.StopTimeLimit => LastError.Set(Status.Again, $"{share} until time_limit_us was reached."),
            _ => LastError.Set(Status.Again, $"{share} and no more could be."),
        };
    }
}
