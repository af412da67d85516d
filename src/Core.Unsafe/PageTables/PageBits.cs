using System.Runtime.CompilerServices;
using ReclaimNative.Simd;

namespace ReclaimNative.PageTables;

/// <summary>
/// The pages of one address space as bits: for owners to whom a call counts. It does what needs no more than bits, and says how far it came;
/// the rest is for the calls of <see cref="Engine"/>, which are as before beside it.
/// </summary>
/// <remarks>
/// Nothing here throws, allocates, or checks whose turn it is: it is for the thread that drives the engine, not for callbacks, and dead with
/// its address space. In an engine for many threads, and in one with a policy that sees every access, it answers that it can't tell.
/// </remarks>
public sealed unsafe class PageBits
{
    /// <summary>Words that are looked at together: a run of them is in two words of each bitmap at most.</summary>
    private const int RunWords = 32;

    private readonly ulong _pages;
    private readonly ulong* _present;
    private readonly ulong* _accessed;
    private readonly ulong* _dirty;
    private readonly byte* _tableYoung;
    private readonly UseMark _use;
    private readonly VectorWidth _width;

    /// <summary>The bits of a space, or none where an access leaves more than bits or others change them.</summary>
    internal PageBits(LeafTables tables, VectorWidth width, AddressSpace space, bool hitsAreBits)
    {
        nuint words = (nuint)space.FirstTable * LeafTables.WordsPerTable;
        _use = space.Use;
        _pages = hitsAreBits ? Math.Min(space.Pages, Engine.WriteBit) : 0;
        _present = tables.Present + words;
        _accessed = tables.Accessed + words;
        _dirty = tables.Dirty + words;
        _tableYoung = tables.TableYoung + space.FirstTable;
        _width = width;
    }

    /// <summary>1 for a page that is resident, 0 for one that is not, if that can be told at a glance.</summary>
    /// <returns>-1 where it can't: <see cref="Engine.IsResident"/> tells it, or says what is wrong.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Look(ulong page) => page < _pages ? (int)(_present[page >> 6] >> (int)page) & 1 : -1;

    /// <summary>Accesses a page if it is there; see <see cref="Engine.Access"/>, which counts it as a hit.</summary>
    /// <returns>False: nothing was done.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryHit(ulong page, bool write)
    {
        if (page >= _pages || !TryMark((nuint)page, write))
            return false;
        _use.Set();
        return true;
    }

    /// <summary>Accesses pages in order, as <see cref="Engine.Access"/> does, up to the first one that is not there.</summary>
    /// <returns>How many were accessed; all of them were hits. Less than all: <see cref="Engine.Access"/> goes on from there.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int TryHits(uint* words, int count)
    {
        if ((uint)(count - 1) >= RunWords || !TryMarkRun(words, count))
            return HitsInParts(words, count);
        _use.Set();
        return count;
    }

    private int HitsInParts(uint* words, int count)
    {
        int done = 0;
        while (done < count)
        {
            int some = Math.Min(RunWords, count - done);
            int marked = TryMarkRun(words + done, some) || AreMarked(words + done, some) ? some : MarkEach(words + done, some);
            done += marked;
            if (marked < some)
                break;
        }

        // Nothing walks the tables meanwhile, so it is enough to say so once, and after.
        if (done > 0)
            _use.Set();
        return done;
    }

    /// <summary>
    /// Whether pages are all there and read again since they were marked as used: nothing changes then. No branch here depends on a page.
    /// </summary>
    private bool AreMarked(uint* words, int count)
    {
        ulong pages = _pages;
        ulong* present = _present;
        ulong* accessed = _accessed;
        byte* tableYoung = _tableYoung;
        for (int i = 0; i < count; i++)
        {
            nuint page = words[i]; // a write is beyond the last page
            if (page >= pages || (present[page >> 6] & accessed[page >> 6] & 1UL << (int)page) == 0 || tableYoung[page >> LeafTables.EntriesShift] == 0)
                return false;
        }

        return true;
    }

    private int MarkEach(uint* words, int count)
    {
        int done = 0;
        while (done < count)
        {
            uint page = words[done] & ~Engine.WriteBit;
            if (page >= _pages || !TryMark(page, (int)words[done] < 0))
                break;
            done++;
        }

        return done;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryMark(nuint page, bool write)
    {
        nuint at = page >> 6;
        ulong bit = 1UL << (int)page;
        if ((_present[at] & bit) == 0)
            return false;
        if ((_accessed[at] & bit) == 0)
            _accessed[at] |= bit;
        if (write)
            _dirty[at] |= bit;
        MarkTable(page);
        return true;
    }

    /// <summary>Accesses pages that follow each other and are all there; else does nothing.</summary>
    private bool TryMarkRun(uint* words, int count)
    {
        nuint page = words[0] & ~Engine.WriteBit;
        if (page + (nuint)count > _pages || !PageRun.Is(words, count, _width))
            return false;
        bool write = (int)words[0] < 0;
        nuint at = page >> 6;
        int shift = (int)page & 63;
        ulong run = ulong.MaxValue >> (64 - count);
        ulong low = run << shift;
        ulong high = run >> 1 >> (63 - shift); // of the next word; none when the run ends in this one
        if ((_present[at] & low) != low || (high != 0 && (_present[at + 1] & high) != high))
            return false;
        Mark(at, low, write);
        MarkTable(page);
        if (high != 0)
        {
            Mark(at + 1, high, write);
            MarkTable(page + (nuint)count - 1);
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
    private void MarkTable(nuint page)
    {
        byte* young = _tableYoung + (page >> LeafTables.EntriesShift);
        if (*young == 0)
            *young = 1;
    }
}
