using ReclaimNative.Frames;
using ReclaimNative.Memory;

namespace ReclaimNative.PageTables;

/// <summary>
/// From a file page's frame to every page-table slot that maps it. One mapping lives in the frame's own column;
/// more of them form a chain of links taken from a fixed reserve.
/// </summary>
/// <remarks>One thread at a time; never allocates after construction.</remarks>
internal sealed unsafe class ReverseMap
{
    private const uint NoLink = uint.MaxValue;

    private readonly FrameTable _frames;
    private readonly uint* _slot;
    private readonly uint* _next;
    private readonly uint _capacity;
    private uint _free = NoLink;
    private uint _fresh;

    public ReverseMap(ColumnStore store, FrameTable frames, uint links)
    {
        _frames = frames;
        _capacity = links;
        _slot = store.Reserve<uint>("rmap.slot", links).Pointer;
        _next = store.Reserve<uint>("rmap.next", links).Pointer;
    }

    /// <summary>Records that <paramref name="slot"/> maps <paramref name="pfn"/>.</summary>
    /// <returns>False when the reserve of links is used up; then nothing has changed.</returns>
    public bool TryAdd(uint pfn, uint slot)
    {
        uint* mapping = _frames.Mapping + pfn;
        if (*mapping == FrameTable.NoSlot)
        {
            *mapping = slot;
            return true;
        }

        if (!_frames.Has(pfn, FolioFlags.SharedMapping))
        {
            if (!TryTakeLink(out uint first))
                return false;
            if (!TryTakeLink(out uint second))
            {
                ReturnLink(first);
                return false;
            }

            (_slot[first], _next[first]) = (*mapping, NoLink);
            (_slot[second], _next[second]) = (slot, first);
            *mapping = second;
            _frames.Set(pfn, FolioFlags.SharedMapping);
            return true;
        }

        if (!TryTakeLink(out uint link))
            return false;
        (_slot[link], _next[link]) = (slot, *mapping);
        *mapping = link;
        return true;
    }

    /// <summary>Forgets that <paramref name="slot"/> maps <paramref name="pfn"/>.</summary>
    public void Remove(uint pfn, uint slot)
    {
        uint* mapping = _frames.Mapping + pfn;
        if (!_frames.Has(pfn, FolioFlags.SharedMapping))
        {
            if (*mapping == slot)
                *mapping = FrameTable.NoSlot;
            return;
        }

        uint* at = mapping;
        while (*at != NoLink && _slot[*at] != slot)
            at = _next + *at;
        if (*at == NoLink)
            return;
        uint found = *at;
        *at = _next[found];
        ReturnLink(found);

        // A chain of one goes back into the frame's own word, so that links are held only while they are needed.
        uint head = *mapping;
        if (_next[head] == NoLink)
        {
            *mapping = _slot[head];
            ReturnLink(head);
            _frames.Clear(pfn, FolioFlags.SharedMapping);
        }
    }

    /// <summary>One of the slots that map the file page in <paramref name="pfn"/>, or NoSlot when none does.</summary>
    public uint FirstOf(uint pfn)
    {
        uint mapping = _frames.Mapping[pfn];
        return _frames.Has(pfn, FolioFlags.SharedMapping) ? _slot[mapping] : mapping;
    }

    /// <summary>Every page-table slot that maps the file page in <paramref name="pfn"/>.</summary>
    public Mappings Of(uint pfn) => new(this, pfn);

    /// <summary>Links that chains hold now; counted by walking the free ones, for inspection.</summary>
    public uint CountLinksHeld()
    {
        uint held = _fresh;
        for (uint link = _free; link != NoLink && held > 0; link = _next[link])
            held--;
        return held;
    }

    private bool TryTakeLink(out uint link)
    {
        link = _free;
        if (link != NoLink)
        {
            _free = _next[link];
            return true;
        }

        if (_fresh == _capacity)
            return false;
        link = _fresh++;
        return true;
    }

    private void ReturnLink(uint link)
    {
        _next[link] = _free;
        _free = link;
    }

    /// <summary>Walks the mappings of one frame, which must not change meanwhile.</summary>
    internal ref struct Mappings
    {
        private readonly ReverseMap _map;
        private readonly bool _chained;
        private uint _at;

        public Mappings(ReverseMap map, uint pfn)
        {
            _map = map;
            _at = map._frames.Mapping[pfn];
            _chained = map._frames.Has(pfn, FolioFlags.SharedMapping);
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
