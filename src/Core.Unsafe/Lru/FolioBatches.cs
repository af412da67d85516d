using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Frames;
using ReclaimNative.Memory;

namespace ReclaimNative.Lru;

/// <summary>
/// What the kernel's per-CPU folio batches do: a thread collects the frames that it puts on lists and adds up to 31 of
/// them at once, so that the shared words of a list are touched once for each run of frames and not once for each frame.
/// </summary>
/// <remarks>
/// A frame in a batch stays claimed: it is on no list and no reclaimer sees it. There are 64 batches; a thread uses the
/// one of its number and holds it, by a flag that is tried and never waited for, while it adds or drains. When two
/// threads meet at one, the second adds its frame directly. <see cref="Drain"/> empties all of them; reclaim does that
/// before it looks at lists, so that at most 31 frames for each thread are out of its sight, and only while it runs.
/// Only for engines with several threads. Never allocates.
/// </remarks>
internal sealed unsafe class FolioBatches
{
    /// <summary>Frames of one batch: the kernel's 31.</summary>
    public const int Capacity = 31;

    private const int Batches = 64;

    private readonly FrameTable _frames;
    private readonly OrderedLists _lists;
    private readonly LruList* _ends;
    private readonly Batch* _batches;

    public FolioBatches(ColumnStore store, FrameTable frames, OrderedLists lists, LruList* ends)
    {
        _frames = frames;
        _lists = lists;
        _ends = ends;
        _batches = store.Reserve<Batch>("machine.folio_batch", Batches).Pointer;
    }

    /// <summary>Puts a claimed frame on its way to the recent end of a list.</summary>
    public void Add(int number, uint pfn)
    {
        ref Batch batch = ref _batches[Environment.CurrentManagedThreadId & (Batches - 1)];
        if (Interlocked.CompareExchange(ref batch.Held, 1, 0) != 0)
        {
            _lists.AddHead(ref _ends[number], number, pfn, _frames.OwnerOf(pfn));
            _frames.Publish(pfn, 0);
            return;
        }

        int count = batch.Count;
        batch.Frame[count] = pfn;
        batch.List[count] = number;
        batch.Count = ++count;
        if (count == Capacity)
            Empty(ref batch);
        Volatile.Write(ref batch.Held, 0);
    }

    /// <summary>Empties the batches of all threads; one that is being added to is waited for, a few instructions long.</summary>
    public void Drain()
    {
        for (int i = 0; i < Batches; i++)
        {
            ref Batch batch = ref _batches[i];
            if (Volatile.Read(ref batch.Count) == 0)
                continue;
            var wait = default(SpinWait);
            while (Interlocked.CompareExchange(ref batch.Held, 1, 0) != 0)
                wait.SpinOnce(-1);
            Empty(ref batch);
            Volatile.Write(ref batch.Held, 0);
        }
    }

    private void Empty(ref Batch batch)
    {
        uint* owners = stackalloc uint[Capacity];
        int count = batch.Count;
        for (int start = 0; start < count;)
        {
            int number = batch.List[start];
            int end = start;
            while (end < count && batch.List[end] == number)
            {
                owners[end] = _frames.OwnerOf(batch.Frame[end]);
                end++;
            }

            var pfns = new ReadOnlySpan<uint>(Unsafe.AsPointer(ref batch.Frame[start]), end - start);
            _lists.AddHead(ref _ends[number], number, pfns, new ReadOnlySpan<uint>(owners + start, end - start));
            foreach (uint pfn in pfns)
                _frames.Publish(pfn, 0);
            start = end;
        }

        batch.Count = 0;
    }

    /// <summary>Two cache lines more than its fields take, so that neighbours never share one.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 384)]
    private struct Batch
    {
        public int Held;
        public int Count;
        public fixed uint Frame[Capacity];
        public fixed int List[Capacity];
    }
}
