using ReclaimNative.Concurrency;
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
    /// <param name="advanced">Told now and then how much has been looked at, in [0, 1]; what it throws ends the check.</param>
    /// <returns>The first broken invariant in one sentence, or null.</returns>
    public string? Validate(Action<double>? advanced = null)
    {
        ThrowIfDisposed();
        using QuiesceGate.Closure change = CloseForChange();
        _machine.Lists.Drain();
        var audit = new Audit(_machine, _host, advanced);
        return audit.FindProblem() ?? FindStaleHit();
    }

    /// <summary>A recorded hit is handed over before its page may leave.</summary>
    private string? FindStaleHit()
    {
        for (int i = 0; i < _hitCount; i++)
        {
            if (_hits[i] >= _machine.Frames.Count || !(_machine.Frames.Has(_hits[i], FolioFlags.Lru) || _machine.Proposed.Has(_hits[i])))
                return $"A hit is recorded on frame {_hits[i]}, which is on no list.";
        }

        return null;
    }

    /// <summary>One run of <see cref="Validate"/>: the marks it leaves, and its checks in the order in which they rely on each other.</summary>
    private sealed partial class Audit(MachineState machine, PolicyHost host, Action<double>? advanced)
    {
        /// <summary>Frames or slots looked at between two reports.</summary>
        private const ulong ReportEvery = 1 << 20;

        /// <summary>Times that each frame is looked at: is it free, on its list, owned, charged.</summary>
        private const ulong LooksAtFrame = 4;

        private readonly FrameTable _frames = machine.Frames;
        private readonly LeafTables _tables = machine.Tables;
        private readonly ulong[] _isLinked = machine.Frames.IsOrdered ? new ulong[((ulong)machine.Frames.Count + 63) / 64] : [];
        private readonly bool[] _isTaken = new bool[machine.Tables.Count];

        // Only files have mappings beyond the owner's; without one the marks would be memory for nothing.
        private readonly ulong[] _mappedOnce =
            machine.FileIds == 0 ? [] : new ulong[(nuint)machine.Tables.Count * LeafTables.WordsPerTable];
        private readonly ulong[] _swapped = new ulong[machine.MemcgCapacity];
        private long _filePages;
        private long _fileMappings;
        private long _anonPages;
        private readonly long[] _mapped = new long[machine.MemcgCapacity * machine.Nodes.Length];
        private long _chained;
        private ulong _looks;

        public string? FindProblem()
        {
            foreach (Node node in machine.Nodes)
            {
                if (FindFree(node) is { } problem)
                    return problem;
            }

            if ((_frames.IsOrdered ? CheckOrderedLists() : CheckUnorderedLists()) is { } list)
                return list;
            if (CheckFrames() is { } frame)
                return frame;
            for (int id = 0; id < machine.SpaceCapacity; id++)
            {
                if (machine.SpaceAt(id) is { } space && CheckSpace(space, id) is { } problem)
                    return problem;
            }

            for (int id = 0; id < machine.FileIds; id++)
            {
                if (machine.FileAt(id) is { } file && CheckFile(file) is { } problem)
                    return problem;
            }

            return CheckMappings() ?? CheckUnusedTables() ?? CheckCharges() ?? CheckSwap() ?? CheckOrders() ?? CheckPolicies();
        }

        private void CountLook()
        {
            if (++_looks % ReportEvery == 0)
                advanced?.Invoke(Math.Min(1, (double)_looks / (LooksAtFrame * _frames.Count + _tables.Count * (ulong)LeafTables.Entries)));
        }

        private string? FindFree(Node node)
        {
            ulong inUse = 0;
            for (uint pfn = node.FirstPfn; pfn < node.FirstPfn + node.Pages; pfn++)
            {
                CountLook();
                bool used = (_frames.Flags(pfn) & (FolioFlags.Lru | FolioFlags.Isolated)) != 0;
                bool isFree = node.IsFree(pfn, _frames.Flags(pfn) != FolioFlags.None);
                if (isFree && _frames.Flags(pfn) != FolioFlags.None)
                    return $"Frame {pfn} is free and has the flags {_frames.Flags(pfn)}.";
                if (!isFree && !used)
                    return $"Frame {pfn} is neither free nor in use.";
                if (used)
                    inUse++;
            }

            return node.Free + inUse == node.Pages
                ? node.FindProblem()
                : $"Node {node.Id} of {node.Pages} frames has {node.Free} free and {inUse} in use.";
        }

        private IEnumerable<Lruvec> Lruvecs()
        {
            foreach (MemoryCgroup memcg in machine.Memcgs)
            {
                foreach (Node node in machine.Nodes)
                    yield return machine.LruvecOf(memcg, node);
            }
        }

        private string? CheckOrderedLists()
        {
            ulong chunks = 0;
            foreach (Lruvec lruvec in Lruvecs())
            {
                if (CheckLists(lruvec, ref chunks) is { } problem)
                    return problem;
            }

            return machine.Lists.Ordered!.CheckPool(chunks);
        }

        /// <summary>Walks every list of a lruvec from the cold end.</summary>
        private string? CheckLists(Lruvec lruvec, ref ulong chunks)
        {
            string where = $"of {lruvec.Memcg.Path} on node {lruvec.Node.Id}";
            OrderedLists lists = machine.Lists.Ordered!;
            int declared = host.ViewAt(lruvec.Index).Definition.Descriptor.Lists;
            long anon = 0;
            long file = 0;
            for (int list = 0; list < FrameLists.MaxLists; list++)
            {
                ref LruList ends = ref machine.Lists.ListAt(lruvec.Lists, list);
                if (list >= declared && ends.Count != 0)
                    return $"List {list} {where} has {ends.Count} frames, but its policy has {declared} lists.";
                if (lists.Check(ref ends, lruvec.Index * FrameLists.MaxLists + list) is { } chain)
                    return $"List {list} {where}: {chain}.";
                long length = 0;
                uint older = FrameTable.NoFrame;
                for (uint pfn = lists.Tail(ref ends); pfn != FrameTable.NoFrame; pfn = lists.TowardHead(pfn))
                {
                    CountLook();
                    if (pfn >= _frames.Count)
                        return $"List {list} {where} names frame {pfn}, which there is not.";
                    ref ulong marks = ref _isLinked[pfn >> 6];
                    if ((marks >> (int)(pfn & 63) & 1) != 0)
                        return $"Frame {pfn} is linked twice, the second time on list {list} {where}.";
                    marks |= 1UL << (int)(pfn & 63);
                    if (!_frames.Has(pfn, FolioFlags.Lru))
                        return $"Frame {pfn} is on list {list} {where} without the lru flag.";
                    if (lists.NumberOf(pfn) != lruvec.Index * FrameLists.MaxLists + list)
                        return $"Frame {pfn} says that it is on list {lists.NumberOf(pfn)} of all and is on list {list} {where}.";
                    if (machine.LruvecIndexOf(pfn) != lruvec.Index)
                        return $"Frame {pfn} of another lruvec is on list {list} {where}.";
                    if (lists.TowardTail(pfn) != older)
                        return $"Frame {pfn} on list {list} {where} does not link back to the frame that leads to it.";
                    (anon, file) = _frames.TypeOf(pfn) == FolioType.Anon ? (anon + 1, file) : (anon, file + 1);
                    older = pfn;
                    length++;
                }

                if (lists.Head(ref ends) != older)
                    return $"List {list} {where} ends at frame {older}, but its head is {lists.Head(ref ends)}.";
                if (ends.Count != length)
                    return $"List {list} {where} counts {ends.Count} frames and holds {length}.";

                // Only now: to look at a tail gives spent chunks back.
                chunks += lists.CountChunks(ref ends);
            }

            return CheckResident(lruvec, where, anon, file);
        }

        /// <summary>One pass over all frames: what the bytes say is what the counts of the lists must say.</summary>
        private string? CheckUnorderedLists()
        {
            int lruvecs = machine.MemcgCapacity * machine.Nodes.Length;
            var held = new long[lruvecs * UnorderedLists.Lists];
            for (uint pfn = 0; pfn < _frames.Count; pfn++)
            {
                CountLook();
                if (!_frames.Has(pfn, FolioFlags.Lru))
                    continue;
                int index = machine.LruvecIndexOf(pfn);
                if (!machine.HasMemcg(index / machine.Nodes.Length))
                    return $"Frame {pfn} belongs to lruvec {index}, which there is not.";
                held[index * UnorderedLists.Lists + machine.Lists.ListOf(pfn)]++;
            }

            foreach (Lruvec lruvec in Lruvecs())
            {
                string where = $"of {lruvec.Memcg.Path} on node {lruvec.Node.Id}";
                long anon = 0;
                long file = 0;
                for (int list = 0; list < UnorderedLists.Lists; list++)
                {
                    long pages = held[lruvec.Index * UnorderedLists.Lists + list];
                    if (machine.Lists.Count(lruvec.Lists, list) != pages)
                        return $"List {list} {where} counts {machine.Lists.Count(lruvec.Lists, list)} frames and holds {pages}.";
                    (anon, file) = (list & 1) == 0 ? (anon + pages, file) : (anon, file + pages);
                }

                if (CheckResident(lruvec, where, anon, file) is { } problem)
                    return problem;
            }

            return machine.Lists.Unordered!.Check(machine.LruvecIndexOf);
        }

        private string? CheckResident(Lruvec lruvec, string where, long anon, long file)
        {
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
            ulong slots = _tables.Count * (ulong)LeafTables.Entries;
            long proposed = 0;
            for (uint pfn = 0; pfn < _frames.Count; pfn++)
            {
                CountLook();
                FolioFlags flags = _frames.Flags(pfn);
                Proposal proposal = machine.Proposed.Of(pfn);
                proposed += proposal.Exists ? 1 : 0;
                if (flags == FolioFlags.None && !proposal.Exists)
                    continue;
                if ((flags & FolioFlags.Isolated) != 0 != proposal.Exists)
                    return proposal.Exists ? $"Frame {pfn} is proposed and not isolated." : $"Frame {pfn} is isolated, and nobody reclaims.";
                if (proposal.Exists && !machine.HasMemcg((ushort)proposal.Target))
                    return $"Frame {pfn} is proposed for cgroup {proposal.Target}, which there is not.";
                if (_frames.IsOrdered && !proposal.Exists && (_isLinked[pfn >> 6] >> (int)(pfn & 63) & 1) == 0)
                    return $"Frame {pfn} is in use and on no list.";
                uint owner = _frames.OwnerOf(pfn);
                if (owner >= slots || _tables.FrameAt(owner) != pfn)
                    return $"Frame {pfn} is owned by slot {owner}, which does not name it.";
                if (!machine.HasMemcg(_frames.MemcgOf(pfn)))
                    return $"Frame {pfn} is charged to cgroup {_frames.MemcgOf(pfn)}, which there is not.";
                if (proposal.Exists && !proposal.Moves && _frames.TypeOf(pfn) == FolioType.Anon)
                    _swapped[_frames.MemcgOf(pfn)]++;
                if ((flags & FolioFlags.SwapBacked) != 0)
                    _anonPages++;
                else if (CheckReverse(pfn, owner, slots) is { } problem)
                    return problem;
            }

            return machine.Proposed.Count == proposed ? null : $"{machine.Proposed.Count} pages are counted as proposed and {proposed} are.";
        }

        /// <summary>Marks every slot that the reverse map of a file page names.</summary>
        private string? CheckReverse(uint pfn, uint page, ulong slots)
        {
            _filePages++;
            int length = 0;
            foreach (uint slot in machine.Rmap.Of(page))
            {
                if (slot >= slots || _tables.FrameAt(slot) != pfn)
                    return $"Frame {pfn} is said to be mapped by slot {slot}, which does not name it.";
                ref ulong word = ref _mappedOnce[slot >> 6];
                if ((word >> (int)(slot & 63) & 1) != 0)
                    return $"Slot {slot} is twice in the reverse map.";
                word |= 1UL << (int)(slot & 63);
                length++;
            }

            _fileMappings += length;
            _mapped[machine.LruvecIndexOf(pfn)] += length > 0 ? 1 : 0;
            _chained += length > 1 ? length : 0;
            bool shared = machine.Rmap.IsShared(page);
            return shared == length > 1 ? null : $"Frame {pfn} has {length} mappings and is {(shared ? "" : "not ")}marked as shared.";
        }

        private string? CheckCharges()
        {
            var charged = new ulong[machine.MemcgCapacity];
            for (uint pfn = 0; pfn < _frames.Count; pfn++)
            {
                CountLook();
                if (machine.HasMemcgs && _frames.Flags(pfn) != FolioFlags.None)
                    charged[_frames.MemcgOf(pfn)]++;
            }

            // A cgroup comes after its parent, so going back sums each one up before it is added above.
            for (int i = machine.Memcgs.Count - 1; i >= 0; i--)
            {
                MemoryCgroup memcg = machine.Memcgs[i];
                if (memcg.Usage != charged[memcg.Id])
                    return $"Cgroup {memcg.Path} is charged {memcg.Usage} pages, and it and those below it hold {charged[memcg.Id]}.";
                if (memcg.Parent is { } parent)
                    charged[parent.Id] += charged[memcg.Id];
            }

            return null;
        }

        private string? CheckSwap()
        {
            for (int i = machine.Memcgs.Count - 1; i >= 0; i--)
            {
                MemoryCgroup memcg = machine.Memcgs[i];
                if (memcg.SwapUsage != (machine.HasMemcgs ? _swapped[memcg.Id] : 0))
                    return $"Cgroup {memcg.Path} is charged {memcg.SwapUsage} swap pages, and it and those below it have {_swapped[memcg.Id]}.";
                if (memcg.Parent is { } parent)
                    _swapped[parent.Id] += _swapped[memcg.Id];
            }

            return machine.SwapTotal == ulong.MaxValue || machine.SwapFree + _swapped[0] == machine.SwapTotal
                ? null
                : $"Of {machine.SwapTotal} swap pages {machine.SwapFree} are free and {_swapped[0]} are in use.";
        }

        private string? CheckOrders()
        {
            var isThere = new bool[machine.MemcgCapacity];
            foreach (MemoryCgroup memcg in machine.Memcgs)
                isThere[memcg.Id] = true;
            for (int id = 0; id < (host.MemcgLrus?.Length ?? 0); id++)
            {
                if (host.MemcgLrus![id].FindProblem(isThere) is { } problem)
                    return $"The memcg LRU of node {id}: {problem}.";
            }

            return null;
        }

        private string? CheckPolicies()
        {
            foreach (Lruvec lruvec in Lruvecs())
            {
                PolicyView view = host.ViewAt(lruvec.Index);
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
