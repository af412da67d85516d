using ReclaimNative.Concurrency;
using ReclaimNative.Frames;
using ReclaimNative.Memory;

namespace ReclaimNative.PageTables;

/// <summary>
/// From a file page to every page-table slot that maps it. One mapping lives in the word of its page-cache slot; more of
/// them form a chain of links taken from a fixed reserve, and the accessed bit of the page-cache slot says so.
/// </summary>
/// <remarks>
/// File pages are named by their page-cache slot. With several threads, the caller holds that slot's lock; the links of
/// all pages come from one stack, changed by compare-and-swap with a count against ABA. Never allocates after
/// construction. Words are stored inverted, so that zeroed memory says "not mapped".
/// </remarks>
internal sealed unsafe class ReverseMap
{
    private const uint NoLink = uint.MaxValue;

    private readonly LeafTables _tables;
    private readonly uint* _word;
    private readonly uint* _slot;
    private readonly uint* _next;
    private readonly uint _capacity;
    private readonly bool _concurrent;
    private ulong _free = NoLink;
    private uint _fresh;

    public ReverseMap(ColumnStore store, LeafTables tables, uint links, bool concurrent)
    {
        _tables = tables;
        _word = tables.FileMapping;
        _capacity = links;
        _concurrent = concurrent;
        _slot = store.Reserve<uint>("rmap.slot", links).Pointer;
        _next = store.Reserve<uint>("rmap.next", links).Pointer;
    }

    /// <summary>What it keeps beside its columns.</summary>
    public void Pass(StateLog log)
    {
        log.Pass(ref _free);
        log.Pass(ref _fresh);
    }

    /// <summary>Whether a file page is mapped more than once.</summary>
    public bool IsShared(uint page) => LeafTables.Test(_tables.Accessed, page);

    /// <summary>Whether a file page is mapped at all.</summary>
    public bool IsMapped(uint page) => _word[page] != 0;

    /// <summary>Records that <paramref name="slot"/> maps the file page <paramref name="page"/>.</summary>
    /// <returns>False when the reserve of links is used up; then nothing has changed.</returns>
    public bool TryAdd(uint page, uint slot)
    {
        if (_word[page] == 0)
        {
            _word[page] = ~slot;
            return true;
        }

        if (!IsShared(page))
        {
            if (!TryTakeLink(out uint first))
                return false;
            if (!TryTakeLink(out uint second))
            {
                ReturnLink(first);
                return false;
            }

            (_slot[first], _next[first]) = (~_word[page], NoLink);
            (_slot[second], _next[second]) = (slot, first);
            _word[page] = ~second;
            _tables.Set(_tables.Accessed, page);
            return true;
        }

        if (!TryTakeLink(out uint link))
            return false;
        (_slot[link], _next[link]) = (slot, ~_word[page]);
        _word[page] = ~link;
        return true;
    }

    /// <summary>Forgets that <paramref name="slot"/> maps the file page <paramref name="page"/>.</summary>
    public void Remove(uint page, uint slot)
    {
        if (!IsShared(page))
        {
            if (_word[page] == ~slot)
                _word[page] = 0;
            return;
        }

        uint before = NoLink;
        uint at = ~_word[page];
        while (at != NoLink && _slot[at] != slot)
            (before, at) = (at, _next[at]);
        if (at == NoLink)
            return;
        if (before == NoLink)
            _word[page] = ~_next[at];
        else
            _next[before] = _next[at];
        ReturnLink(at);

        // A chain of one goes back into the page's own word, so that links are held only while they are needed.
        uint head = ~_word[page];
        if (_next[head] == NoLink)
        {
            _word[page] = ~_slot[head];
            ReturnLink(head);
            _tables.Clear(_tables.Accessed, page);
        }
    }

    /// <summary>One of the slots that map a file page, or NoSlot when none does.</summary>
    public uint FirstOf(uint page)
    {
        uint word = ~_word[page];
        return word != FrameTable.NoSlot && IsShared(page) ? _slot[word] : word;
    }

    /// <summary>Every page-table slot that maps a file page.</summary>
    public Mappings Of(uint page) => new(this, page);

    /// <summary>Links that chains hold now; counted by walking the free ones, for inspection.</summary>
    public uint CountLinksHeld()
    {
        uint held = _fresh;
        for (uint link = (uint)_free; link != NoLink && held > 0; link = _next[link])
            held--;
        return held;
    }

    private bool TryTakeLink(out uint link)
    {
        while (true)
        {
            ulong free = Volatile.Read(ref _free);
            link = (uint)free;
            if (link == NoLink)
                break;
            ulong next = (free & ~(ulong)uint.MaxValue) + (1UL << 32) | Volatile.Read(ref _next[link]);
            if (Atomic.CompareExchange(ref _free, next, free, _concurrent) == free)
                return true;
        }

        while ((link = Volatile.Read(ref _fresh)) < _capacity)
        {
            if (Atomic.CompareExchange(ref _fresh, link + 1, link, _concurrent) == link)
                return true;
        }

        return false;
    }

    private void ReturnLink(uint link)
    {
        while (true)
        {
            ulong free = Volatile.Read(ref _free);
            Volatile.Write(ref _next[link], (uint)free);
            if (Atomic.CompareExchange(ref _free, (free & ~(ulong)uint.MaxValue) + (1UL << 32) | link, free, _concurrent) == free)
                return;
        }
    }

    /// <summary>Walks the mappings of one page, which must not change meanwhile.</summary>
    internal ref struct Mappings
    {
        private readonly ReverseMap _map;
        private readonly bool _chained;
        private uint _at;

        public Mappings(ReverseMap map, uint page)
        {
            _map = map;
            _at = ~map._word[page];
            _chained = map.IsShared(page);
        }

        public uint Current { get; private set; }

        public readonly Mappings GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_at == NoLink)
                return false;
            if (_chained)
            {
                Current = _map._slot[_at];
                _at = _map._next[_at];
            }
            else
            {
                Current = _at;
                _at = NoLink;
            }

            return true;
        }
    }
}
