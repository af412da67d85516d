using ReclaimNative.Frames;
using ReclaimNative.Lru;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;

namespace ReclaimNative;

public sealed unsafe partial class Engine
{
    /// <summary>
    /// Walks everything and compares what is kept with what is there. To be called at a quiet point, between two calls
    /// of the engine. Allocates; takes time in proportion to frames and leaf tables.
    /// </summary>
    /// <returns>The first broken invariant in one sentence, or null.</returns>
    public string? Validate()
    {
        ThrowIfDisposed();
        var audit = new Audit(_machine, _host);
        return audit.FindProblem() ?? FindStaleHit();
    }

    /// <summary>A recorded hit is handed over before its page may leave.</summary>
    private string? FindStaleHit()
    {
        for (int i = 0; i < _hitCount; i++)
        {
            if (_hits[i] >= _machine.Frames.Count || !_machine.Frames.Has(_hits[i], FolioFlags.Lru))
                return $"A hit is recorded on frame {_hits[i]}, which is on no list.";
        }

        return null;
    }

    /// <summary>One run of <see cref="Validate"/>: the marks it leaves, and its checks in the order in which they rely on each other.</summary>
    private sealed partial class Audit(MachineState machine, PolicyHost host)
    {
        private readonly FrameTable _frames = machine.Frames;
        private readonly LeafTables _tables = machine.Tables;
        private readonly bool[] _isFree = new bool[machine.Frames.Count];
        private readonly bool[] _isLinked = new bool[machine.Frames.Count];
        private readonly bool[] _isTaken = new bool[machine.Tables.Count];
        private readonly ulong[] _mappedOnce = new ulong[(nuint)machine.Tables.Count * LeafTables.WordsPerTable];
        private ulong _swapped;
        private long _filePages;
        private long _fileMappings;
        private long _anonPages;

        public string? FindProblem()
        {
            foreach (Node node in machine.Nodes)
            {
                if (FindFree(node) is { } problem)
                    return problem;
            }

            for (int index = 0; index < machine.Memcgs.Count * machine.Nodes.Length; index++)
            {
                if (CheckLists(machine.LruvecAt(index)) is { } problem)
                    return problem;
            }

            if (CheckFrames() is { } frame)
                return frame;
            for (int id = 0; id < machine.SpaceCapacity; id++)
            {
                if (machine.SpaceAt(id) is { } space && CheckSpace(space, id) is { } problem)
                    return problem;
            }

            foreach (PageFile file in machine.Files)
            {
                if (CheckFile(file) is { } problem)
                    return problem;
            }

            return CheckMappings() ?? CheckUnusedTables() ?? CheckCharges() ?? CheckSwap() ?? CheckPolicies();
        }

        private string? FindFree(Node node)
        {
            uint end = node.FirstPfn + node.Pages;
            foreach (uint pfn in node.Allocator.Returned)
            {
                if (pfn < node.FirstPfn || pfn >= node.Allocator.Untouched)
                    return $"Node {node.Id} was given frame {pfn} back, which it never handed out.";
                if (_isFree[pfn])
                    return $"Frame {pfn} was freed twice.";
                _isFree[pfn] = true;
            }

            for (uint pfn = node.Allocator.Untouched; pfn < end; pfn++)
                _isFree[pfn] = true;
            uint inUse = 0;
            for (uint pfn = node.FirstPfn; pfn < end; pfn++)
            {
                if (_frames.Has(pfn, FolioFlags.InUse))
                    inUse++;
            }

            return node.Free + inUse == node.Pages
                ? null
                : $"Node {node.Id} of {node.Pages} frames has {node.Free} free and {inUse} in use.";
        }

        /// <summary>Each step forward must be undone by the link back, so one walk checks both directions.</summary>
        private string? CheckLists(Lruvec lruvec)
        {
            string where = $"of {lruvec.Memcg.Path} on node {lruvec.Node.Id}";
            int declared = host.ViewAt(lruvec.Index).Definition.Descriptor.Lists;
            long anon = 0;
            long file = 0;
            for (int list = 0; list < FrameLists.MaxLists; list++)
            {
                ref ListEnds ends = ref lruvec.Lists[list];
                if (list >= declared && ends.Count != 0)
                    return $"List {list} {where} has {ends.Count} frames, but its policy has {declared} lists.";
                long length = 0;
                uint older = FrameTable.NoFrame;
                for (uint pfn = ends.Tail; pfn != FrameTable.NoFrame; pfn = machine.Lists.TowardHead(pfn))
                {
                    if (pfn >= _frames.Count)
                        return $"List {list} {where} names frame {pfn}, which there is not.";
                    if (_isLinked[pfn])
                        return $"Frame {pfn} is linked twice, the second time on list {list} {where}.";
                    _isLinked[pfn] = true;
                    if (!_frames.Has(pfn, FolioFlags.Lru))
                        return $"Frame {pfn} is on list {list} {where} without the lru flag.";
                    if (machine.LruvecIndexOf(pfn) != lruvec.Index)
                        return $"Frame {pfn} of another lruvec is on list {list} {where}.";
                    if (machine.Lists.ListOf(pfn) != list)
                        return $"Frame {pfn} says list {machine.Lists.ListOf(pfn)} and is on list {list} {where}.";
                    if (machine.Lists.TowardTail(pfn) != older)
                        return $"Frame {pfn} on list {list} {where} does not link back to the frame that leads to it.";
                    (anon, file) = _frames.TypeOf(pfn) == FolioType.Anon ? (anon + 1, file) : (anon, file + 1);
                    older = pfn;
                    length++;
                }

                if (ends.Head != older)
                    return $"List {list} {where} ends at frame {older}, but its head is {ends.Head}.";
                if (ends.Count != length)
                    return $"List {list} {where} counts {ends.Count} frames and holds {length}.";
            }

            if (lruvec.OwnResident[0] != anon || lruvec.OwnResident[1] != file)
                return $"The lruvec {where} counts {lruvec.OwnResident[0]} anonymous and {lruvec.OwnResident[1]} file pages and holds {anon} and {file}.";
            long below = 0;
            foreach (MemoryCgroup child in lruvec.Memcg.Children)
                below += machine.LruvecOf(child, lruvec.Node).Resident;
            return lruvec.Resident == anon + file + below
                ? null
                : $"The lruvec {where} sums up {lruvec.Resident} pages; it holds {anon + file} and those below it {below}.";
        }

        private string? CheckFrames()
        {
            for (uint pfn = 0; pfn < _frames.Count; pfn++)
            {
                FolioFlags flags = _frames.Flags[pfn];
                if (_isFree[pfn])
                {
                    if (flags != FolioFlags.None)
                        return $"Frame {pfn} is free and has the flags {flags}.";
                    continue;
                }

                if ((flags & FolioFlags.InUse) == 0)
                    return $"Frame {pfn} is neither free nor in use.";
                if ((flags & FolioFlags.Isolated) != 0)
                    return $"Frame {pfn} is isolated, and nobody reclaims.";
                if (!_isLinked[pfn])
                    return $"Frame {pfn} is in use and on no list.";
                if (_frames.Memcg[pfn] >= machine.Memcgs.Count)
                    return $"Frame {pfn} is charged to cgroup {_frames.Memcg[pfn]}, which there is not.";
                if (_frames.Owner[pfn] >= _tables.Count * (ulong)LeafTables.Entries || _tables.FrameAt(_frames.Owner[pfn]) != pfn)
                    return $"Frame {pfn} is owned by slot {_frames.Owner[pfn]}, which does not name it.";
                if (CheckReverse(pfn, flags) is { } problem)
                    return problem;
            }

            return null;
        }

        /// <summary>Marks every slot that the reverse map of a frame names.</summary>
        private string? CheckReverse(uint pfn, FolioFlags flags)
        {
            if ((flags & FolioFlags.SwapBacked) != 0)
            {
                _anonPages++;
                return (flags & FolioFlags.SharedMapping) == 0 ? null : $"Anonymous frame {pfn} heads a chain of mappings.";
            }

            _filePages++;
            int length = 0;
            foreach (uint slot in machine.Rmap.Of(pfn))
            {
                if (slot >= _tables.Count * (ulong)LeafTables.Entries || _tables.FrameAt(slot) != pfn)
                    return $"Frame {pfn} is said to be mapped by slot {slot}, which does not name it.";
                ref ulong word = ref _mappedOnce[slot >> 6];
                if ((word >> (int)(slot & 63) & 1) != 0)
                    return $"Slot {slot} is twice in the reverse map.";
                word |= 1UL << (int)(slot & 63);
                length++;
            }

            _fileMappings += length;
            bool shared = (flags & FolioFlags.SharedMapping) != 0;
            return shared == length > 1 ? null : $"Frame {pfn} has {length} mappings and is {(shared ? "" : "not ")}marked as shared.";
        }

        private string? CheckCharges()
        {
            var charged = new ulong[machine.Memcgs.Count];
            for (uint pfn = 0; pfn < _frames.Count; pfn++)
            {
                if (!_isFree[pfn])
                    charged[_frames.Memcg[pfn]]++;
            }

            // A cgroup's number is higher than its parent's, so going down sums each one up before it is added above.
            for (int id = machine.Memcgs.Count - 1; id >= 0; id--)
            {
                MemoryCgroup memcg = machine.Memcgs[id];
                if (memcg.Usage != charged[id])
                    return $"Cgroup {memcg.Path} is charged {memcg.Usage} pages, and it and those below it hold {charged[id]}.";
                if (memcg.Parent is { } parent)
                    charged[parent.Id] += charged[id];
            }

            return null;
        }

        private string? CheckSwap() =>
            machine.SwapTotal == ulong.MaxValue || machine.SwapFree + _swapped == machine.SwapTotal
                ? null
                : $"Of {machine.SwapTotal} swap pages {machine.SwapFree} are free and {_swapped} are in use.";

        private string? CheckPolicies()
        {
            for (int index = 0; index < machine.Memcgs.Count * machine.Nodes.Length; index++)
            {
                PolicyView view = host.ViewAt(index);
                string who = $"Policy {view.Definition.Name} of {view.Memcg.Path} on node {view.Node.Id}";
                if (view.Ops.Check(view) is { } problem)
                    return $"{who}: {problem}.";
                LruSizes sizes = view.Ops.Sizes(view);
                (long anon, long file) = (sizes.InactiveAnon + sizes.ActiveAnon, sizes.InactiveFile + sizes.ActiveFile);
                if (anon != view.ResidentOf(FolioType.Anon) || file != view.ResidentOf(FolioType.File))
                    return $"{who} says that {anon} anonymous and {file} file pages are there; it is {view.ResidentOf(FolioType.Anon)} and {view.ResidentOf(FolioType.File)}.";
            }

            return null;
        }
    }
}
