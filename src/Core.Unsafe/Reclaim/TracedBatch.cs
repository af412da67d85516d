using System.Runtime.CompilerServices;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.Policies;

namespace ReclaimNative.Reclaim;

/// <summary>The events of one batch: one for each type of page in it.</summary>
internal static class TracedBatch
{
    /// <summary>Tells of a batch, of an event that is wanted.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Raise(MachineState machine, Tracepoint tracepoint, PolicyView view, in ScanControl scan, in FolioBatch batch)
    {
        // What has left has no frame any more to say of which type it was; the batch has counted that.
        bool isWorkedOff = tracepoint == Tracepoint.lru_shrink_inactive;
        int there = isWorkedOff ? batch.Survivors : batch.Count;
        int files = 0;
        for (int i = 0; i < there; i++)
            files += (int)machine.Frames.TypeOf(batch[i]);
        long reclaimed = isWorkedOff ? batch.Reclaimed : 0;
        long reclaimedFile = isWorkedOff ? batch.ReclaimedFile : 0;
        Raise(FolioType.Anon, batch.Scanned - batch.ScannedFile, there - files + reclaimed - reclaimedFile, reclaimed - reclaimedFile, scan.Priority, scan.Reclaimer);
        Raise(FolioType.File, batch.ScannedFile, files + reclaimedFile, reclaimedFile, scan.Priority, scan.Reclaimer);

        void Raise(FolioType type, long scanned, long taken, long gone, int priority, Reclaimer reclaimer)
        {
            if (scanned == 0 && taken == 0)
                return;
            machine.Tracer.Raise(new TraceEvent
            {
                Tracepoint = tracepoint,
                TimeUs = machine.NowUs,
                MemcgId = view.Memcg.Id,
                NodeId = view.Node.Id,
                Priority = priority,
                IsFile = type == FolioType.File,
                Reclaimer = reclaimer,
                Scanned = scanned,
                Taken = taken,
                Reclaimed = gone,
                Policy = view.Definition.Name,
            });
        }
    }
}
