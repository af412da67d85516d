using System.Runtime.CompilerServices;
using CommunityToolkit.HighPerformance.Helpers;
using ReclaimNative.Concurrency;
using ReclaimNative.Frames;
using ReclaimNative.Memory;

namespace ReclaimNative.PageTables;

/// <summary>
/// Leaf tables of 512 entries, of address spaces (page tables) and of files (page-cache indices) alike. A slot is
/// <c>table * 512 + index</c>, 32 bits wide, so an engine has at most 2^23 tables: 2^32 pages of address space.
/// </summary>
/// <remarks>
/// Present, accessed and dirty are separate bitmaps: one table's accessed bits are 64 bytes, one cache line. An entry
/// holds the frame number while its present bit is set; otherwise it holds 0 (never used) or a shadow (evicted),
/// which is never 0. <c>TableYoung</c> is the accessed bit of the upper-level entry that points at the table: set by
/// every access through it, cleared by walks.
/// <para>
/// A file's slot has no accessed bit of its own, so there that bit says that the page is mapped more than once, and its
/// dirty bit is not used. What only file pages need is kept by their slots and not by frames: columns as long as the
/// slots, of which only the parts under file tables are ever touched and backed.
/// </para>
/// <para>
/// Thread-safety: bits change by one atomic operation on their word when the tables were built <c>concurrent</c>; an
/// entry is written by who holds the slot's lock (Engine.Access).
/// </para>
/// </remarks>
internal sealed unsafe class LeafTables
{
    public const int Entries = 512;
    public const int EntriesShift = 9;
    public const int WordsPerTable = Entries / 64;
    public const uint MaxTables = 1u << 23;

    private readonly bool _concurrent;

    private uint* _shadow;
    private ushort* _narrowShadow;

    /// <summary>Tables for address spaces and files or, with <paramref name="identity"/>, for address spaces whose pages are their frames.</summary>
    public LeafTables(ColumnStore store, uint tables, bool identity, bool concurrent)
    {
        Count = tables;
        _concurrent = concurrent;
        if (!identity)
            Entry = _shadow = store.Reserve<uint>("table.entry", (nuint)tables * Entries).Pointer;
        Present = store.Reserve<ulong>("table.present", (nuint)tables * WordsPerTable).Pointer;
        Accessed = store.Reserve<ulong>("table.accessed", (nuint)tables * WordsPerTable).Pointer;
        Dirty = store.Reserve<ulong>("table.dirty", (nuint)tables * WordsPerTable).Pointer;
        TableYoung = store.Reserve<byte>("table.young", tables).Pointer;
        Space = store.Reserve<ushort>("table.space", tables).Pointer;
        Memcg = store.Reserve<ushort>("table.memcg", tables).Pointer;
        if (identity)
            return;
        FileMemcg = store.Reserve<ushort>("file.memcg", (nuint)tables * Entries).Pointer;
        FileMapping = store.Reserve<uint>("file.mapping", (nuint)tables * Entries).Pointer;
    }

    /// <summary>Tables reserved.</summary>
    public uint Count { get; }

    /// <summary>Entries of all tables together; a slot is below it.</summary>
    public ulong Slots => (ulong)Count * Entries;

    /// <summary>The frame or shadow of each slot; null in an identity engine.</summary>
    public uint* Entry { get; }

    public ulong* Present { get; }

    public ulong* Accessed { get; }

    public ulong* Dirty { get; }

    public byte* TableYoung { get; }

    /// <summary>Id of the address space that a table belongs to, or of the file.</summary>
    public ushort* Space { get; }

    /// <summary>Id of the cgroup that the anonymous pages of an address space's table are charged to.</summary>
    public ushort* Memcg { get; }

    /// <summary>Id of the cgroup that a resident file page is charged to, by its page-cache slot.</summary>
    public ushort* FileMemcg { get; }

    /// <summary>The reverse map's word of a file page, by its page-cache slot: see <see cref="ReverseMap"/>.</summary>
    public uint* FileMapping { get; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(ulong* bitmap, uint slot) => BitHelper.HasFlag(bitmap[slot >> 6], (int)(slot & 63));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(ulong* bitmap, uint slot) => Atomic.Set(ref bitmap[slot >> 6], 1UL << (int)(slot & 63), _concurrent);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Clear(ulong* bitmap, uint slot) => Atomic.Clear(ref bitmap[slot >> 6], 1UL << (int)(slot & 63), _concurrent);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TestAndClear(ulong* bitmap, uint slot)
    {
        ulong bit = 1UL << (int)(slot & 63);
        ref ulong word = ref bitmap[slot >> 6];
        return (Volatile.Read(ref word) & bit) != 0 && (Atomic.And(ref word, ~bit, _concurrent) & bit) != 0;
    }

    /// <summary>Frame named by <paramref name="slot"/>, or <see cref="FrameTable.NoFrame"/> when it is not present.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint FrameAt(uint slot) => Test(Present, slot) ? FrameOf(slot) : FrameTable.NoFrame;

    /// <summary>Frame named by <paramref name="slot"/>, which is present.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint FrameOf(uint slot) => Entry != null ? Entry[slot] : slot;

    /// <summary>Names the frame of a slot that is about to be present.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetFrame(uint slot, uint pfn)
    {
        if (Entry != null)
            Entry[slot] = pfn;
    }

    /// <summary>What an absent slot remembers: 0 or a shadow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint ShadowAt(uint slot) => _shadow != null ? _shadow[slot] : _narrowShadow[slot];

    /// <summary>Leaves a shadow, or 0, in a slot that is absent now.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetShadow(uint slot, uint shadow)
    {
        if (_shadow != null)
            _shadow[slot] = shadow;
        else
            _narrowShadow[slot] = (ushort)shadow;
    }

    /// <summary>
    /// Where the shadows of an engine without table entries go: a word of the page's frame that means nothing while the
    /// page is absent, or, where frames have none such, a column of 16 bits.
    /// </summary>
    public void KeepShadowsIn(uint* word, ColumnStore store)
    {
        _shadow = word;
        if (word == null)
            _narrowShadow = store.Reserve<ushort>("table.shadow", (nuint)Count * Entries).Pointer;
    }

    /// <summary>Forgets everything in a run of tables that is being given back.</summary>
    public void Wipe(uint firstTable, uint tables)
    {
        for (uint table = firstTable; table < firstTable + tables; table++)
        {
            for (uint slot = table * Entries; slot <= table * Entries + (Entries - 1); slot++)
                SetShadow(slot, 0);
            new Span<ulong>(Present + (nuint)table * WordsPerTable, WordsPerTable).Clear();
            new Span<ulong>(Accessed + (nuint)table * WordsPerTable, WordsPerTable).Clear();
            new Span<ulong>(Dirty + (nuint)table * WordsPerTable, WordsPerTable).Clear();
            TableYoung[table] = 0;
        }
    }

    /// <summary>As <see cref="Wipe"/>, for tables of a file: whom its pages were charged to is forgotten as well.</summary>
    public void WipeOfFile(uint firstTable, uint tables)
    {
        Wipe(firstTable, tables);
        for (uint table = firstTable; table < firstTable + tables; table++)
            new Span<ushort>(FileMemcg + (nuint)table * Entries, Entries).Clear();
    }
}
