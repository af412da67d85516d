using ReclaimNative.Frames;
using ReclaimNative.Lru;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Lru;

/// <summary>
/// Chunked lists beside linked ones, with as few chunks as an engine ever reserves, so that packing goes on all the
/// time. The concurrent form is driven by one thread here; OrderedListsLitmusTests drive it by several.
/// </summary>
public class OrderedListsTests
{
    private const int Lruvecs = 2;
    private const int ListsOfEach = 2;

    [Test]
    public void OrderIsThatOfLinkedListsHoweverOftenChunksArePacked(
        [Values(1, 2, 3)] int seed, [Values(1, 63, 65, 700, 3000)] int frames, [Values] bool concurrent)
    {
        using var lists = new Paired(frames, Lruvecs, ListsOfEach, concurrent);
        var random = new Random(seed);
        int steps = frames < 100 ? 20_000 : frames < 3000 ? 100_000 : 600_000;
        for (int step = 0; step < steps; step++)
        {
            uint pfn = (uint)random.Next(frames);

            // Phases: everything comes and goes; much is moved to the head of few lists; much to their tails.
            int phase = step * 6 / steps % 3;
            int number = lists.Numbers[random.Next(phase == 0 ? lists.Numbers.Length : 2)];
            bool toHead = random.Next(8) < (phase == 2 ? 1 : 7);
            if (random.Next(phase == 0 ? 2 : 200) == 0)
                lists.Remove(pfn);
            else
                lists.Put(pfn, number, toHead);
            if (step % 997 == 0)
                lists.Compare($"seed {seed}, step {step}");
        }

        lists.Compare($"seed {seed}, the end");
        if (frames == 3000)
            Assert.That(lists.Repositioned, Is.GreaterThan(100_000), "packing moved frames all the time");
    }

    [Test]
    public void EveryStepOfASmallRunIsExact([Values(4, 5)] int seed, [Values] bool concurrent)
    {
        const int Frames = 200;
        using var lists = new Paired(Frames, Lruvecs, ListsOfEach, concurrent);
        var random = new Random(seed);
        for (int step = 0; step < 30_000; step++)
        {
            uint pfn = (uint)random.Next(Frames);
            if (random.Next(50) == 0)
                lists.Remove(pfn);
            else
                lists.Put(pfn, lists.Numbers[random.Next(lists.Numbers.Length)], random.Next(3) != 0);
            if (step > 29_000)
                lists.Compare($"seed {seed}, step {step}");
        }
    }

    /// <summary>
    /// Rows of chunks with just too few holes to be packed, on many lists, are the most chunks that can be in use: then
    /// one frame after another is moved, so that each new chunk must be gained.
    /// </summary>
    [TestCase(1, 64 * 60, false)]
    [TestCase(1, 64 * 60, true)]
    [TestCase(40, 40 * 64 * 6, false)]
    [TestCase(40, 40 * 64 * 6, true)]
    public void TheFewestChunksSufficeForTheWorstHoles(int listCount, int frames, bool concurrent)
    {
        using var lists = new Paired(frames, 1, listCount, concurrent);
        for (uint pfn = 0; pfn < frames; pfn++)
            lists.Put(pfn, (int)(pfn / (frames / listCount)), toHead: true);

        // 10 of each 64: a row of six then holds 324, and 320 would fit into five.
        for (uint pfn = 0; pfn < frames; pfn++)
        {
            if (pfn % 64 < 10)
                lists.Put(pfn, (int)(pfn / (frames / listCount)), toHead: true);
        }

        lists.Compare("after the holes were made");
        var random = new Random(9);
        for (int step = 0; step < 100_000; step++)
        {
            uint pfn = (uint)random.Next(frames);
            lists.Put(pfn, random.Next(listCount), toHead: random.Next(4) != 0);
        }

        lists.Compare("after moves at random");
    }

    [Test]
    public void ChunksOfListsThatRunEmptyAreThereForOthers([Values(6, 7)] int seed, [Values] bool concurrent)
    {
        const int Frames = 2000;
        using var lists = new Paired(Frames, Lruvecs, ListsOfEach, concurrent);
        var random = new Random(seed);
        for (int round = 0; round < 5; round++)
        {
            for (int step = 0; step < 20_000; step++)
                lists.Put((uint)random.Next(Frames), lists.Numbers[random.Next(lists.Numbers.Length)], random.Next(4) != 0);
            lists.Compare($"seed {seed}, round {round}");
            lists.DrainFromTheTail();
            lists.Compare($"seed {seed}, round {round}, drained");
            Assert.That(
                lists.ChunksInUse, Is.LessThanOrEqualTo(lists.Numbers.Length), $"seed {seed}, round {round}: a list keeps its hot chunk and no more");
        }
    }

    [Test]
    public void AListThatIsAskedForItsTailWhileItIsRefilledStaysExact([Values(8, 9)] int seed, [Values] bool concurrent)
    {
        // As reclaim does it: a batch from the cold end, some of it back to either end.
        const int Frames = 1500;
        using var lists = new Paired(Frames, 1, 2, concurrent);
        var random = new Random(seed);
        for (uint pfn = 0; pfn < Frames; pfn++)
            lists.Put(pfn, 0, toHead: true);
        for (int round = 0; round < 4000; round++)
        {
            int from = random.Next(2);
            List<uint> batch = [];
            while (batch.Count < 32 && lists.TakeTail(from) is var pfn && pfn != FrameTable.NoFrame)
                batch.Add(pfn);
            foreach (uint pfn in batch)
                lists.Put(pfn, random.Next(5) == 0 ? 1 - from : from, toHead: random.Next(10) != 0);
            if (round % 101 == 0)
                lists.Compare($"seed {seed}, round {round}");
        }
    }

    [Test]
    public void PackingInARealEngineKeepsItValid([Values(21, 22, 23)] int seed)
    {
        // Every hit moves a page, and four fifths of all frames are hit at random: more holes than the reserve has room for.
        const uint Pages = 6000;
        const ulong LeftToPacking = 16 * OrderedLists.ChunkPositions;
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("lru")) with { Nodes = [new NodeOptions(Pages)], Memcgs = 2 });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", Pages, memcg);
        engine.SetMax(memcg, Pages * 4 / 5);
        OrderedLists lists = engine.Machine.Lists.Ordered!;
        ulong reserved = engine.Machine.Frames.Positions;
        var random = new Random(seed);
        AccessTally tally = default;
        uint[] batch = new uint[1000];
        ulong most = 0;
        for (int round = 0; round < 400; round++)
        {
            for (int i = 0; i < batch.Length; i++)
                batch[i] = random.Next(20) == 0 ? (uint)random.Next((int)Pages) : (uint)random.Next((int)Pages * 3 / 4);
            engine.Access(space, batch, ref tally);
            most = Math.Max(most, lists.PositionsInUse);
            if (round % 20 == 0)
                Assert.That(engine.Validate(), Is.Null, $"seed {seed}, round {round}");
        }

        Assert.That(engine.Validate(), Is.Null, $"seed {seed}");
        Assert.That(most, Is.LessThanOrEqualTo(reserved), $"seed {seed}");
        Assert.That(most, Is.GreaterThanOrEqualTo(reserved - LeftToPacking), $"seed {seed}: packing was never needed");
    }

    /// <summary>The lists and a linked list for each, newest first.</summary>
    private sealed class Paired : IDisposable
    {
        private readonly ListMachine _machine;
        private readonly LinkedList<uint>[] _model;
        private readonly LinkedListNode<uint>[] _nodes;
        private readonly int[] _on;
        private readonly uint[] _lastSeenAt;

        public Paired(int frames, int lruvecs, int listsOfEach, bool concurrent)
        {
            _machine = new ListMachine(frames, lruvecs, listsOfEach, concurrent);
            _model = [.. Enumerable.Range(0, lruvecs * FrameLists.MaxLists).Select(_ => new LinkedList<uint>())];
            _nodes = [.. Enumerable.Range(0, frames).Select(pfn => new LinkedListNode<uint>((uint)pfn))];
            _on = new int[frames];
            _lastSeenAt = new uint[frames];
            Array.Fill(_on, -1);
            Array.Fill(_lastSeenAt, uint.MaxValue);
            Numbers = [.. Enumerable.Range(0, lruvecs * listsOfEach).Select(i => i / listsOfEach * FrameLists.MaxLists + i % listsOfEach)];
        }

        /// <summary>The numbers of the lists among all.</summary>
        public int[] Numbers { get; }

        /// <summary>Frames that were seen at another position although nobody had touched them.</summary>
        public int Repositioned { get; private set; }

        public ulong ChunksInUse => _machine.Ordered.PositionsInUse / OrderedLists.ChunkPositions;

        public void Put(uint pfn, int number, bool toHead)
        {
            if (_on[pfn] >= 0)
            {
                Take(pfn);
                _model[_on[pfn]].Remove(_nodes[pfn]);
            }

            uint owner = _machine.Frames.OwnerOf(pfn);
            if (owner != _machine.SlotOf(pfn))
                Assert.Fail($"frame {pfn} came off its list with owner {owner} instead of {_machine.SlotOf(pfn)}");
            if (toHead)
            {
                _machine.Ordered.AddHead(ref _machine.EndsOf(number), number, pfn, owner);
                _model[number].AddFirst(_nodes[pfn]);
            }
            else
            {
                _machine.Ordered.AddTail(ref _machine.EndsOf(number), number, pfn, owner);
                _model[number].AddLast(_nodes[pfn]);
            }

            _machine.Frames.Publish(pfn, 0);
            _on[pfn] = number;
            _lastSeenAt[pfn] = uint.MaxValue;
            if (_machine.Ordered.PositionsInUse > _machine.Positions)
                Assert.Fail($"{_machine.Ordered.PositionsInUse} positions are in use and {_machine.Positions} are reserved");
        }

        public void Remove(uint pfn)
        {
            if (_on[pfn] < 0)
                return;
            Take(pfn);
            _model[_on[pfn]].Remove(_nodes[pfn]);
            _on[pfn] = -1;
        }

        /// <summary>Takes the oldest frame of a list off it; NoFrame when it is empty, by the model too.</summary>
        public uint TakeTail(int number)
        {
            uint pfn = _machine.Ordered.Tail(ref _machine.EndsOf(number));
            uint expected = _model[number].Last?.Value ?? FrameTable.NoFrame;
            if (pfn != expected)
                Assert.Fail($"the tail of list {number} is {pfn} instead of {expected}");
            if (pfn != FrameTable.NoFrame)
                Remove(pfn);
            return pfn;
        }

        public void DrainFromTheTail()
        {
            foreach (int number in Numbers)
            {
                while (TakeTail(number) != FrameTable.NoFrame)
                {
                }
            }
        }

        public void Compare(string where)
        {
            foreach (int number in Numbers)
            {
                ref LruList ends = ref _machine.EndsOf(number);
                Assert.That(_machine.Ordered.Check(ref ends, number), Is.Null, $"{where}, list {number}");
                List<uint> down = [];
                for (uint at = _machine.Ordered.Head(ref ends); at != FrameTable.NoFrame; at = _machine.Ordered.TowardTail(at))
                    down.Add(at);
                List<uint> up = [];
                for (uint at = _machine.Ordered.Tail(ref ends); at != FrameTable.NoFrame; at = _machine.Ordered.TowardHead(at))
                    up.Add(at);
                up.Reverse();
                Assert.That(ends.Count, Is.EqualTo(_model[number].Count), where);

                // SequenceEqual first: NUnit's own comparison takes too long for thousands of lists.
                if (!down.SequenceEqual(_model[number]))
                    Assert.That(down, Is.EqualTo(_model[number]), $"{where}, list {number} from its head");
                if (!up.SequenceEqual(_model[number]))
                    Assert.That(up, Is.EqualTo(_model[number]), $"{where}, list {number} from its tail");
                foreach (uint pfn in up)
                    Look(pfn, number, where);
            }

            // Only now, since looking at tails gives spent chunks back.
            ulong chunks = 0;
            foreach (int number in Numbers)
                chunks += _machine.Ordered.CountChunks(ref _machine.EndsOf(number));
            Assert.That(_machine.Ordered.CheckPool(chunks), Is.Null, where);
        }

        public void Dispose() => _machine.Dispose();

        private void Look(uint pfn, int number, string where)
        {
            if (_machine.Ordered.NumberOf(pfn) != number)
                Assert.Fail($"{where}: frame {pfn} says that it is on list {_machine.Ordered.NumberOf(pfn)} and is on {number}");
            if (_machine.Frames.OwnerOf(pfn) != _machine.SlotOf(pfn))
                Assert.Fail($"{where}: frame {pfn} has the owner {_machine.Frames.OwnerOf(pfn)} instead of {_machine.SlotOf(pfn)}");
            uint position = _machine.Frames.PositionOf(pfn);
            if (_lastSeenAt[pfn] != uint.MaxValue && _lastSeenAt[pfn] != position)
                Repositioned++;
            _lastSeenAt[pfn] = position;
        }

        private void Take(uint pfn)
        {
            if (!_machine.Frames.TryClaim(pfn, out _))
                Assert.Fail($"frame {pfn} is on a list and can't be claimed");
            uint owner = _machine.Ordered.Remove(pfn);
            if (owner != _machine.SlotOf(pfn))
                Assert.Fail($"the removal of frame {pfn} answers owner {owner} instead of {_machine.SlotOf(pfn)}");
        }
    }
}
