using ReclaimNative.Frames;
using ReclaimNative.Lru;
using ReclaimNative.Simd;

namespace ReclaimNative.Tests.Lru;

/// <summary>Lists without an order beside sets.</summary>
public unsafe class UnorderedListsTests
{
    [Test]
    public void EveryListHoldsWhatASetHolds(
        [Values(1, 2, 3)] int seed,
        [Values(1, 511, 513, 1700)] int frames,
        [Values] bool concurrent,
        [Values(VectorWidth.Scalar, VectorWidth.Vector128)] VectorWidth width)
    {
        using var lists = new Paired(frames, memcgs: 3, firstOfNode1: frames, concurrent, width);
        var random = new Random(seed);
        for (int step = 0; step < 12_000; step++)
        {
            lists.DoSomething(random);
            if (step % 199 == 0)
                lists.Compare($"seed {seed}, step {step}");
        }

        lists.Compare($"seed {seed}, the end");
    }

    [Test]
    public void NodesThatMeetWithinABlockHideNothingFromEachOther(
        [Values(1, 2, 3)] int seed, [Values(1, 300, 512, 700, 1023)] int firstOfNode1, [Values] bool concurrent)
    {
        using var lists = new Paired(1024 + 40, memcgs: 2, firstOfNode1, concurrent, VectorWidth.Scalar);
        var random = new Random(seed);
        for (int step = 0; step < 12_000; step++)
        {
            lists.DoSomething(random);

            // A whole round of one list is what takes it out of the words of blocks.
            if (step % 7 == 0)
                lists.Round(random.Next(lists.Lruvecs), random.Next(UnorderedLists.Lists));
            if (step % 499 == 0)
                lists.Compare($"seed {seed}, step {step}");
        }

        lists.Compare($"seed {seed}, the end");
    }

    [Test]
    public void AListIsEmptiedByItsTailAlone([Values(4, 5)] int seed, [Values] bool concurrent)
    {
        using var lists = new Paired(1500, memcgs: 3, firstOfNode1: 900, concurrent, VectorWidth.Scalar);
        var random = new Random(seed);
        for (int round = 0; round < 4; round++)
        {
            for (int step = 0; step < 5000; step++)
                lists.DoSomething(random);
            for (int lruvec = 0; lruvec < lists.Lruvecs; lruvec++)
            {
                for (int list = 0; list < UnorderedLists.Lists; list++)
                    lists.Drain(lruvec, list);
            }

            lists.Compare($"seed {seed}, round {round}, drained");
        }
    }

    /// <summary>The sweep stands where it found a frame last, so a frame that goes back behind it is met a whole round later.</summary>
    [Test]
    public void TheSweepGoesRoundAndDoesNotStartAgain()
    {
        using var machine = new ListMachine(2000, 1, 8, concurrent: false, ListOrder.Unordered);
        ListsOf lruvec = machine.Lruvec(0);
        for (uint pfn = 0; pfn < 2000; pfn += 100)
            machine.Lists.AddHead(lruvec, 1, pfn);
        List<uint> met = [];
        uint previous = FrameTable.NoFrame;
        for (int i = 0; i < 20; i++)
        {
            uint pfn = machine.Lists.Tail(lruvec, 1);
            met.Add(pfn);
            machine.Lists.TryTake(lruvec, pfn, out _);
            if (previous != FrameTable.NoFrame)
                machine.Lists.AddHead(lruvec, 1, previous);
            previous = pfn;
        }

        Assert.That(met, Is.EqualTo(Enumerable.Range(0, 20).Select(i => (uint)(100 * i))));
        Assert.That(machine.Lists.Tail(lruvec, 1), Is.Zero, "and the next round begins");
    }

    [Test]
    public void FramesOfOneCgroupAreNotMetOnTheListsOfAnotherInTheSameBlock()
    {
        using var machine = new ListMachine(512, 2, 8, concurrent: false, ListOrder.Unordered);
        for (uint pfn = 0; pfn < 512; pfn++)
        {
            machine.Renew(pfn, FolioType.File, (ushort)(pfn & 1));
            machine.Lists.AddHead(machine.Lruvec((int)(pfn & 1)), 1, pfn);
        }

        for (int memcg = 0; memcg < 2; memcg++)
        {
            List<uint> met = [];
            for (uint at = machine.Lists.Tail(machine.Lruvec(memcg), 1); at != FrameTable.NoFrame; at = machine.Lists.TowardHead(machine.Lruvec(memcg), at))
                met.Add(at);
            Assert.That(met, Is.EqualTo(Enumerable.Range(0, 256).Select(i => (uint)(2 * i + memcg))));
        }

        // Each takes what is its own, and the block is nobody's again.
        for (uint pfn = 0; pfn < 512; pfn++)
        {
            ListsOf lruvec = machine.Lruvec((int)(pfn & 1));
            Assert.That(machine.Lists.TryTake(lruvec, pfn, out _), Is.True);
        }

        Assert.That(machine.Lists.Tail(machine.Lruvec(0), 1), Is.EqualTo(FrameTable.NoFrame));
        machine.Renew(7, FolioType.File, 1);
        machine.Lists.AddHead(machine.Lruvec(1), 1, 7);
        Assert.That(machine.Lists.Tail(machine.Lruvec(1), 1), Is.EqualTo(7));
        Assert.That(machine.Lists.Unordered!.Check(_ => 1), Is.Null, "uniform again, or mixed: it hides nothing");
    }

    /// <summary>Lists of several lruvecs, and a set for each.</summary>
    private sealed class Paired : IDisposable
    {
        private readonly ListMachine _machine;
        private readonly HashSet<uint>[] _model;
        private readonly int _memcgs;
        private readonly uint _firstOfNode1;
        private readonly int _nodes;

        public Paired(int frames, int memcgs, int firstOfNode1, bool concurrent, VectorWidth width)
        {
            _memcgs = memcgs;
            _firstOfNode1 = (uint)firstOfNode1;
            _nodes = firstOfNode1 < frames ? 2 : 1;
            _machine = new ListMachine(frames, memcgs * _nodes, UnorderedLists.Lists, concurrent, ListOrder.Unordered, width);
            for (uint table = 0; table < _machine.Tables.Count; table++)
                _machine.Tables.Memcg[table] = (ushort)(table % memcgs);
            _model = [.. Enumerable.Range(0, Lruvecs * UnorderedLists.Lists).Select(_ => new HashSet<uint>())];
        }

        public int Lruvecs => _memcgs * _nodes;

        public void DoSomething(Random random)
        {
            // Low frames are asked for more often, so that there are crowded blocks and empty ones.
            uint pfn = (uint)(random.NextDouble() * random.NextDouble() * _machine.Frames.Count);
            if (!_machine.Frames.Has(pfn, FolioFlags.Lru))
            {
                _machine.Renew(pfn, (FolioType)random.Next(2), (ushort)random.Next(_memcgs));
                int list = random.Next(4) * 2 + (int)_machine.Frames.TypeOf(pfn);
                if (random.Next(2) == 0)
                    _machine.Lists.AddHead(LruvecOf(pfn), list, pfn);
                else
                    _machine.Lists.AddTail(LruvecOf(pfn), list, pfn);
                Add(pfn, list);
                return;
            }

            ListsOf lruvec = LruvecOf(pfn);
            int on = _machine.Lists.ListOf(pfn);
            if (!Set(lruvec.Index, on).Contains(pfn))
                Assert.Fail($"frame {pfn} says that it is on list {on} of lruvec {lruvec.Index}, and is not");
            if (random.Next(3) == 0)
            {
                Assert.That(_machine.Lists.TryTake(lruvec, pfn, out _), Is.True);
                Set(lruvec.Index, on).Remove(pfn);
                return;
            }

            int to = random.Next(4) * 2 + (on & 1);
            if (random.Next(2) == 0)
            {
                Assert.That(_machine.Lists.TryMove(lruvec, to, pfn, toHead: true), Is.True);
            }
            else
            {
                // As an aging walk does it: the generation changes in place.
                FolioFlags before = _machine.Frames.Flags(pfn);
                var generation = (FolioFlags)((uint)(to / 2 + 1) << FolioField.GenerationShift);
                Assert.That(_machine.Lists.TryChange(lruvec, pfn, before, FolioFlags.GenerationMask, generation), Is.True);
            }

            Set(lruvec.Index, on).Remove(pfn);
            Add(pfn, to);
        }

        /// <summary>Goes once round a list: each frame of it must be met exactly once.</summary>
        public void Round(int lruvecIndex, int list)
        {
            ListsOf lruvec = Lruvec(lruvecIndex);
            List<uint> met = [];
            for (uint at = _machine.Lists.Tail(lruvec, list); at != FrameTable.NoFrame; at = _machine.Lists.TowardHead(lruvec, at))
                met.Add(at);
            HashSet<uint> expected = Set(lruvecIndex, list);
            if (met.Count != expected.Count || !expected.SetEquals(met))
                Assert.That(met, Is.EquivalentTo(expected), $"list {list} of lruvec {lruvecIndex}");
        }

        public void Drain(int lruvecIndex, int list)
        {
            ListsOf lruvec = Lruvec(lruvecIndex);
            HashSet<uint> left = Set(lruvecIndex, list);
            for (uint pfn = _machine.Lists.Tail(lruvec, list); pfn != FrameTable.NoFrame; pfn = _machine.Lists.Tail(lruvec, list))
            {
                if (!left.Remove(pfn))
                    Assert.Fail($"frame {pfn} is not on list {list} of lruvec {lruvecIndex}");
                Assert.That(_machine.Lists.TryTake(lruvec, pfn, out _), Is.True);
            }

            Assert.That(left, Is.Empty, $"list {list} of lruvec {lruvecIndex}");
        }

        public void Compare(string where)
        {
            for (int lruvec = 0; lruvec < Lruvecs; lruvec++)
            {
                for (int list = 0; list < UnorderedLists.Lists; list++)
                {
                    if (_machine.Lists.Count(Lruvec(lruvec), list) != Set(lruvec, list).Count)
                        Assert.That(_machine.Lists.Count(Lruvec(lruvec), list), Is.EqualTo(Set(lruvec, list).Count), where);
                    Round(lruvec, list);
                }
            }

            Assert.That(_machine.Lists.Unordered!.Check(pfn => LruvecOf(pfn).Index), Is.Null, where);
        }

        public void Dispose() => _machine.Dispose();

        private HashSet<uint> Set(int lruvec, int list) => _model[lruvec * UnorderedLists.Lists + list];

        private void Add(uint pfn, int list) => Set(LruvecOf(pfn).Index, list).Add(pfn);

        private ListsOf LruvecOf(uint pfn) => Lruvec(_machine.Frames.MemcgOf(pfn) * _nodes + (pfn < _firstOfNode1 ? 0 : 1));

        private ListsOf Lruvec(int index) => index % _nodes == 0
            ? new ListsOf(index, (ushort)(index / _nodes), 0, Math.Min(_firstOfNode1, _machine.Frames.Count))
            : new ListsOf(index, (ushort)(index / _nodes), _firstOfNode1, _machine.Frames.Count);
    }
}
