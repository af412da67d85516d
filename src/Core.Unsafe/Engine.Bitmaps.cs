using System.Numerics;
using ReclaimNative.Concurrency;
using ReclaimNative.Frames;
using ReclaimNative.Mechanisms;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;

namespace ReclaimNative;

/// <summary>What a bitmap of pages says of each.</summary>
public enum PageBitmap
{
    /// <summary>It is in memory and mapped.</summary>
    Resident,

    /// <summary>It was accessed since the policy last looked.</summary>
    Accessed,

    /// <summary>It was written to since it last came in.</summary>
    Dirty,

    /// <summary>It is pinned.</summary>
    Pinned,

    /// <summary>It is proposed and not answered yet (<see cref="Engine.Propose"/>).</summary>
    Proposed,

    /// <summary>
    /// It is not in memory, and was evicted so lately that it would count as part of the working set if it came back now, by the measure of
    /// the policy that evicted it (<see cref="IReclaimPolicy.IsRecent"/>): advice what to prefetch.
    /// </summary>
    Recent,
}

public sealed unsafe partial class Engine
{
    /// <summary>
    /// Accesses the pages whose bits are set and that are in memory, in ascending order, as <see cref="Access"/> would one by one; absent
    /// ones are not brought in. Bit i is page <paramref name="first"/> + i. For owners who learn of use from logs: of dirty pages, of
    /// idle pages, of a hypervisor.
    /// </summary>
    /// <param name="space">The address space.</param>
    /// <param name="first">A multiple of 64.</param>
    /// <param name="pages">Pages that the words are about; bits beyond them are ignored.</param>
    /// <param name="accessed">A word for each 64 pages or part of them.</param>
    /// <param name="written">As long, or empty. A bit is an access that wrote, whatever its bit in <paramref name="accessed"/>.</param>
    /// <returns>Pages that are not in memory and whose bits are set.</returns>
    /// <remarks>Callable from any thread of a concurrent engine. Allocates nothing. Words without a bit are passed over by vectors.</remarks>
    /// <exception cref="EngineException">The range does not lie in the space, begins between words, or there are too few words.</exception>
    public long AccessBitmap(AddressSpace space, ulong first, ulong pages, ReadOnlySpan<ulong> accessed, ReadOnlySpan<ulong> written = default)
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        Own(space);
        CheckWords(space, first, pages, accessed.Length);
        if (!written.IsEmpty)
            CheckWords(space, first, pages, written.Length);
        nuint words = (nuint)((pages + 63) / 64);
        nuint table = (space.BaseSlot + (nuint)first) / 64;
        long absent = 0;
        fixed (ulong* used = accessed, wrote = written.IsEmpty ? accessed : written)
        {
            for (nuint at = 0; (at = _machine.Bits.FindEither(used, wrote, at, words)) < words; at++)
            {
                ulong mask = MaskOf(pages, at);
                ulong dirtied = written.IsEmpty ? 0 : wrote[at] & mask;
                absent += AccessWord(space, table + at, used[at] & mask | dirtied, dirtied);
            }
        }

        return absent;
    }

    /// <summary>Reads one bit of each page; no access, and nothing changes. Words as of <see cref="AccessBitmap"/>; bits beyond the pages become 0.</summary>
    /// <remarks>
    /// Callable from any thread of a concurrent engine; bits are then of different moments, and a page that is being moved to another node just then
    /// is not resident. Allocates nothing.
    /// </remarks>
    /// <exception cref="EngineException">As of <see cref="AccessBitmap"/>, or there is no such bitmap.</exception>
    public void ReadBitmap(AddressSpace space, PageBitmap what, ulong first, ulong pages, Span<ulong> bits)
    {
        ThrowIfDisposed();
        if (what is < PageBitmap.Resident or > PageBitmap.Recent)
            throw new EngineException($"There is no bitmap {(int)what} of pages; 0 to {(int)PageBitmap.Recent} are accepted.");
        using QuiesceGate.Passage call = EnterCall();
        Own(space);
        CheckWords(space, first, pages, bits.Length);
        nuint table = (space.BaseSlot + (nuint)first) / 64;
        for (nuint at = 0; at * 64 < pages; at++)
            bits[(int)at] = ReadWord(space, what, table + at) & MaskOf(pages, at);
    }

    private static void CheckWords(AddressSpace space, ulong first, ulong pages, int words)
    {
        if (first % 64 != 0)
            throw new EngineException($"Page {first} lies between two words of a bitmap; a multiple of 64 is accepted.");
        if (first > space.Pages || pages > space.Pages - first)
            throw new EngineException($"{pages} pages from page {first} on do not lie in address space {space.Name} of {space.Pages} pages.");
        if ((pages + 63) / 64 > (ulong)words)
            throw new EngineException($"{pages} pages take {(pages + 63) / 64} words of a bitmap; {words} were given.");
    }

    /// <summary>The bits of word <paramref name="at"/> that are about one of the pages.</summary>
    private static ulong MaskOf(ulong pages, nuint at) => pages - at * 64 is var left and < 64 ? (1UL << (int)left) - 1 : ulong.MaxValue;

    /// <summary>As <see cref="Access"/> for the pages of one word of the tables, 64 at a time.</summary>
    /// <returns>How many of them were absent.</returns>
    private int AccessWord(AddressSpace space, nuint at, ulong used, ulong dirtied)
    {
        LeafTables tables = _machine.Tables;
        bool concurrent = _machine.Concurrent;
        ulong here = used & Volatile.Read(ref tables.Present[at]);
        ulong unmarked = here & ~Volatile.Read(ref tables.Accessed[at]);
        ulong clean = here & dirtied & ~Volatile.Read(ref tables.Dirty[at]);
        if (unmarked != 0)
            _ = Atomic.Or(ref tables.Accessed[at], unmarked, concurrent);
        if (clean != 0)
            _ = Atomic.Or(ref tables.Dirty[at], clean, concurrent);

        // As in Access: an eviction takes the page out before it looks at its bits, so who finds the page still there after setting a bit
        // was in time. What has gone meanwhile was absent, and its bits are taken back, unless it has come in again.
        if (concurrent && ((unmarked | clean) & ~Volatile.Read(ref tables.Present[at])) is var gone and not 0)
        {
            here &= ~gone;
            for (; gone != 0; gone &= gone - 1)
                TakeBack(space, (uint)(at * 64) + (uint)BitOperations.TrailingZeroCount(gone));
        }

        if (here != 0)
        {
            space.Use.Set();
            ref byte young = ref tables.TableYoung[at / LeafTables.WordsPerTable];
            if (Volatile.Read(ref young) == 0)
                Volatile.Write(ref young, 1);
        }

        for (ulong left = _logsHits ? here : 0; left != 0; left &= left - 1)
            LogHit(tables.FrameOf((uint)(at * 64) + (uint)BitOperations.TrailingZeroCount(left)));
        return BitOperations.PopCount(used & ~here);
    }

    /// <summary>Clears what was marked at a page that had gone by then.</summary>
    private void TakeBack(AddressSpace space, uint slot)
    {
        LeafTables tables = _machine.Tables;
        uint locked = OwnerSlotOf(space, slot);
        _machine.Locks.Enter(locked);
        if (!LeafTables.Test(tables.Present, slot))
        {
            tables.Clear(tables.Accessed, slot);
            tables.Clear(tables.Dirty, slot);
        }

        _machine.Locks.Exit(locked);
    }

    /// <summary>The slot that owns the page at a slot of an address space, and whose lock is the page's.</summary>
    private static uint OwnerSlotOf(AddressSpace space, uint slot)
    {
        ulong page = slot - space.BaseSlot;
        Vma vma = space.VmaAt(page);
        return vma.File is { } file ? file.SlotOf(vma.FileOffset + (page - vma.Start)) : slot;
    }

    private ulong ReadWord(AddressSpace space, PageBitmap what, nuint at)
    {
        LeafTables tables = _machine.Tables;
        ulong present = Volatile.Read(ref tables.Present[at]);
        return what switch
        {
            PageBitmap.Resident => present,
            PageBitmap.Accessed => present & (Volatile.Read(ref tables.Accessed[at]) | (_machine.Ages is null ? 0 : OfFrames(what, at, present))),
            PageBitmap.Dirty => present & (Volatile.Read(ref tables.Dirty[at]) | OfFrames(what, at, present)),
            PageBitmap.Pinned => OfFrames(what, at, present),
            PageBitmap.Proposed => _machine.Proposed.Count == 0 ? 0 : OfFrames(what, at, present),
            _ => Recent(space, at, ~present),
        };
    }

    /// <summary>Those pages of a word of which their frames say so.</summary>
    private ulong OfFrames(PageBitmap what, nuint at, ulong present)
    {
        ulong found = 0;
        for (; present != 0; present &= present - 1)
        {
            int bit = BitOperations.TrailingZeroCount(present);

            // Where others run the page may have left a shadow in its entry.
            uint pfn = _machine.Tables.FrameOf((uint)(at * 64) + (uint)bit);
            if (pfn < _machine.Frames.Count && Says(pfn, what))
                found |= 1UL << bit;
        }

        return found;
    }

    private bool Says(uint pfn, PageBitmap what) => what switch
    {
        PageBitmap.Accessed => _machine.Frames.Has(pfn, FolioFlags.Young),
        PageBitmap.Dirty => _machine.Frames.Has(pfn, FolioFlags.Dirty),
        PageBitmap.Pinned => _machine.Frames.Has(pfn, FolioFlags.Pinned),
        _ => _machine.Proposed.Has(pfn),
    };

    /// <summary>Those pages of a word that left a shadow by which they would count as recently evicted.</summary>
    private ulong Recent(AddressSpace space, nuint at, ulong unmapped)
    {
        ulong found = 0;
        for (; unmapped != 0; unmapped &= unmapped - 1)
        {
            int bit = BitOperations.TrailingZeroCount(unmapped);
            uint slot = (uint)(at * 64) + (uint)bit;
            if (slot - space.BaseSlot < space.Pages && IsRecent(space, slot))
                found |= 1UL << bit;
        }

        return found;
    }

    private bool IsRecent(AddressSpace space, uint slot)
    {
        LeafTables tables = _machine.Tables;
        uint page = OwnerSlotOf(space, slot);
        FolioType type = page == slot ? FolioType.Anon : FolioType.File;
        _machine.Locks.Enter(page);
        uint shadow = LeafTables.Test(tables.Present, page) ? 0 : tables.ShadowAt(page);
        int memcg = type == FolioType.Anon ? space.MemcgId : tables.FileMemcg[page];
        _machine.Locks.Exit(page);
        if (shadow == 0)
            return false;
        ShadowEntry entry = _host.Shadows.Unpack(shadow, (ushort)memcg, (byte)(_machine.IsIdentity ? _machine.NodeIdOf(slot) : 0), out int tag);

        // The lruvec that it would come back to is that of the node it left.
        PolicyView view = _host.ViewOf(_machine.MemcgAt(memcg), _machine.Nodes[entry.Node]);
        bool judges = view.Has(Mechanism.Refault) || view.Definition.Descriptor.Orders > 0;
        return view.Tag == tag && judges && view.Ops.IsRecent(view, page, entry, type);
    }
}
