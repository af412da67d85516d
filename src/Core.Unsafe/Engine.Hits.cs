using System.Runtime.CompilerServices;
using ReclaimNative.PageTables;
using ReclaimNative.Simd;

namespace ReclaimNative;

/// <summary>
/// The quick way in, for owners to whom a call counts: it does what needs no more than bits, and says how far it came. The rest is for the
/// ordinary calls.
/// </summary>
/// <remarks>Nothing here throws or allocates. Not to be called from a callback of the backing, nor on several threads of an engine that one drives.</remarks>
public sealed unsafe partial class Engine
{
    /// <summary>Words that are looked at together: a run of them is in two words of each bitmap at most.</summary>
    private const int RunWords = 32;

    /// <summary>Where an access to a page that is there leaves nothing but bits, and nobody changes them meanwhile.</summary>
    private readonly bool _hitsAreBits;
    private readonly ulong* _present;
    private readonly ulong* _accessed;
    private readonly ulong* _dirty;
    private readonly byte* _tableYoung;

    /// <summary>Whether a page is resident, if that can be told at a glance.</summary>
    /// <returns>False: it can't be; <see cref="IsResident"/> does or says what is wrong.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryIsResident(AddressSpace space, ulong page, out bool resident)
    {
        uint slot = space.BaseSlot + (uint)page;
        bool known = page < space.Pages && _hitsAreBits && IsOwn(space);
        resident = known && (_present[slot >> 6] >> (int)slot & 1) != 0;
        return known;
    }

    /// <summary>Accesses a page if it is there; see <see cref="Access"/>, which counts it as a hit.</summary>
    /// <returns>False: nothing was done.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryHit(AddressSpace space, ulong page, bool write)
    {
        if (page >= space.Pages || page >= WriteBit || !_hitsAreBits || !IsOwn(space))
            return false;
        if (!TryMark(space.BaseSlot + (uint)page, write))
            return false;
        space.MarkUsed();
        return true;
    }

    /// <summary>Accesses pages in order, as <see cref="Access"/> does, up to the first one that is not there.</summary>
    /// <returns>How many were accessed; all of them were hits. Less than all: <see cref="Access"/> goes on from there.</returns>
    public int TryHits(AddressSpace space, ReadOnlySpan<uint> accesses)
    {
        if (!_hitsAreBits || !IsOwn(space))
            return 0;
        uint pages = (uint)Math.Min(space.Pages, WriteBit);
        uint baseSlot = space.BaseSlot;
        VectorWidth width = _machine.VectorWidth;
        int done = 0;
        fixed (uint* words = accesses)
        {
            while (done < accesses.Length)
            {
                int count = Math.Min(RunWords, accesses.Length - done);
                if (TryMarkRun(words + done, count, baseSlot, pages, width))
                {
                    done += count;
                    continue;
                }

                int marked = MarkEach(words + done, count, baseSlot, pages);
                done += marked;
                if (marked < count)
                    break;
            }
        }

        // Nothing can walk the tables meanwhile, so that it is enough to say so once, and after.
        if (done > 0)
            space.MarkUsed();
        return done;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsOwn(AddressSpace space) => !_disposed && ReferenceEquals(_machine.SpaceAt(space.Id), space);

    private int MarkEach(uint* words, int count, uint baseSlot, uint pages)
    {
        int done = 0;
        while (done < count)
        {
            uint word = words[done];
            uint page = word & ~WriteBit;
            if (page >= pages || !TryMark(baseSlot + page, (word & WriteBit) != 0))
                break;
            done++;
        }

        return done;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryMark(uint slot, bool write)
    {
        nuint at = slot >> 6;
        ulong bit = 1UL << (int)slot;
        if ((_present[at] & bit) == 0)
            return false;
        if ((_accessed[at] & bit) == 0)
            _accessed[at] |= bit;
        if (write)
            _dirty[at] |= bit;
        MarkTable(slot);
        return true;
    }

    /// <summary>Accesses pages that follow each other and are all there; else does nothing.</summary>
    private bool TryMarkRun(uint* words, int count, uint baseSlot, uint pages, VectorWidth width)
    {
        uint page = words[0] & ~WriteBit;
        if (page >= pages || (uint)count > pages - page || !PageRun.Is(words, count, width))
            return false;
        bool write = (words[0] & WriteBit) != 0;
        uint slot = baseSlot + page;
        nuint at = slot >> 6;
        int shift = (int)(slot & 63);
        ulong run = ulong.MaxValue >> (64 - count);
        ulong low = run << shift;
        ulong high = shift == 0 ? 0 : run >> (64 - shift); // of the next word; none when the run ends in this one
        if ((_present[at] & low) != low || (high != 0 && (_present[at + 1] & high) != high))
            return false;
        Mark(at, low, write);
        MarkTable(slot);
        if (high != 0)
        {
            Mark(at + 1, high, write);
            MarkTable(slot + (uint)count - 1);
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Mark(nuint at, ulong bits, bool write)
    {
        _accessed[at] |= bits;
        if (write)
            _dirty[at] |= bits;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void MarkTable(uint slot)
    {
        byte* young = _tableYoung + (slot >> LeafTables.EntriesShift);
        if (*young == 0)
            *young = 1;
    }
}
