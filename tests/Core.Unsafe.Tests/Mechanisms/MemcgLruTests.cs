using ReclaimNative.Mechanisms;
using ReclaimNative.Tests.Concurrency;

namespace ReclaimNative.Tests.Mechanisms;

/// <summary>The order in which a node's lruvecs have their turn: kernel-reclaim 4.5.</summary>
public class MemcgLruTests
{
    private static readonly MemcgMove[] Moves = Enum.GetValues<MemcgMove>();

    /// <summary>Which bin is chosen is the one thing that the model takes from what it checks.</summary>
    [Test]
    public void AfterEveryMoveTheOrderIsThatOfAModelThatSearches([Range(1, 12)] int seed, [Values(1, 2, 5, 40)] int memcgs)
    {
        var random = new Random(seed);
        var lru = new MemcgLru(memcgs, (ulong)seed, concurrent: seed % 2 == 0);
        var model = new Model();
        int online = 0;
        for (int step = 0; step < 1500; step++)
        {
            if (online == 0 || (online < memcgs && random.Next(20) == 0))
            {
                lru.Add(online);
                model.Add(online, lru.PlaceOf(online).Bin);
                online++;
            }
            else
            {
                int memcg = random.Next(online);
                MemcgMove move = random.Next(4) > 0 ? MemcgMove.Young : Moves[random.Next(Moves.Length)];
                lru.Move(memcg, move);
                model.Move(memcg, move, lru.PlaceOf(memcg).Bin);
            }

            Assert.That(Describe(lru), Is.EqualTo(model.Describe()), $"seed {seed}, step {step}");
            Assert.That(lru.FindProblem([.. Enumerable.Repeat(true, online)]), Is.Null, $"seed {seed}, step {step}");
        }

        Assert.That(lru.Sequence, Is.GreaterThan(memcgs < 40 ? 20 : 2), "the generations went on");
    }

    [TestCase(MemcgMove.Head, MemcgSegment.Head, 0, true)]
    [TestCase(MemcgMove.Tail, MemcgSegment.Tail, 0, false)]
    [TestCase(MemcgMove.Old, MemcgSegment.Default, 0, true)]
    [TestCase(MemcgMove.Young, MemcgSegment.Default, 1, false)]
    public void AMoveGoesToOneEndOfABinAndLeavesItsMark(object move, object segment, int slot, bool first)
    {
        MemcgLru lru = Filled(200);

        lru.Move(77, (MemcgMove)move);
        (int Slot, int Bin, MemcgSegment Segment) place = lru.PlaceOf(77);
        if (slot == 1)
            lru.Move(78, MemcgMove.Young);
        int[] bin = [.. lru.MembersOf(place.Slot, place.Bin)];

        Assert.That((place.Slot, place.Segment), Is.EqualTo((slot, (MemcgSegment)segment)));
        Assert.That(slot == 1 ? bin[0] : first ? bin[0] : bin[^1], Is.EqualTo(77));
    }

    [Test]
    public void WhenTheOldGenerationIsEmptyTheYoungOneTakesItsPlace()
    {
        MemcgLru lru = Filled(3);
        lru.Move(0, MemcgMove.Young);
        lru.Move(2, MemcgMove.Young);
        Assert.That(lru.Sequence, Is.Zero);

        lru.Move(1, MemcgMove.Young);

        Assert.That(lru.Sequence, Is.EqualTo(1));
        lru.Move(0, MemcgMove.Young);
        Assert.That(lru.PlaceOf(0).Slot, Is.EqualTo(2), "young again is the third slot");
        lru.Move(0, MemcgMove.Old);
        Assert.That(lru.PlaceOf(0).Slot, Is.EqualTo(1));
    }

    [TestCase(true, false, MemcgSegment.Default, MemcgMove.Young, Description = "below min")]
    [TestCase(true, true, MemcgSegment.Tail, MemcgMove.Young, Description = "below min, whatever else")]
    [TestCase(false, true, MemcgSegment.Default, MemcgMove.Tail, Description = "below low, met for the first time")]
    [TestCase(false, true, MemcgSegment.Head, MemcgMove.Tail)]
    [TestCase(false, true, MemcgSegment.Tail, null, Description = "below low, met again: visited")]
    [TestCase(false, false, MemcgSegment.Default, null)]
    [TestCase(false, false, MemcgSegment.Tail, null)]
    public void ProtectionMovesInsteadOfAVisit(bool belowMin, bool belowLow, object segment, object? move) =>
        Assert.That(MemcgLru.Instead(belowMin, belowLow, (MemcgSegment)segment), Is.EqualTo((MemcgMove?)move));

    [TestCase(true, true, MemcgSegment.Default, MemcgMove.Young, Description = "aged: it has had its turn")]
    [TestCase(true, false, MemcgSegment.Tail, MemcgMove.Young)]
    [TestCase(false, true, MemcgSegment.Default, MemcgMove.None, Description = "a part was taken")]
    [TestCase(false, true, MemcgSegment.Tail, MemcgMove.None)]
    [TestCase(false, false, MemcgSegment.Default, MemcgMove.Tail, Description = "too small, met for the first time")]
    [TestCase(false, false, MemcgSegment.Head, MemcgMove.Tail)]
    [TestCase(false, false, MemcgSegment.Tail, MemcgMove.Young, Description = "too small, met again")]
    public void AVisitMovesByItsOutcome(bool isDone, bool isSizable, object segment, object move) =>
        Assert.That(MemcgLru.After(isDone, isSizable, (MemcgSegment)segment), Is.EqualTo((MemcgMove)move));

    [Test]
    public void BinsAreEquallyLikelyAndTheSameSeedChoosesTheSame()
    {
        int[] hits = new int[MemcgLru.Bins];
        var lru = new MemcgLru(1, 9, concurrent: false);
        var twin = new MemcgLru(1, 9, concurrent: false);
        var other = new MemcgLru(1, 10, concurrent: false);
        lru.Add(0);
        twin.Add(0);
        other.Add(0);
        int same = 0;
        for (int i = 0; i < 8000; i++)
        {
            lru.Move(0, MemcgMove.Young);
            twin.Move(0, MemcgMove.Young);
            other.Move(0, MemcgMove.Young);
            hits[lru.PlaceOf(0).Bin]++;
            Assert.That(twin.PlaceOf(0), Is.EqualTo(lru.PlaceOf(0)));
            same += other.PlaceOf(0).Bin == lru.PlaceOf(0).Bin ? 1 : 0;
        }

        Assert.That(hits, Is.All.InRange(850, 1150), "five standard deviations about 1000");
        Assert.That(same, Is.InRange(850, 1150), "another seed agrees by chance");
    }

    [Test]
    public void AWalkThatMovesNothingSeesEveryLruvecOfTheOldGenerationOnce()
    {
        MemcgLru lru = Filled(50);
        for (int memcg = 0; memcg < 20; memcg++)
            lru.Move(memcg, MemcgMove.Young);

        List<int> seen = Follow(lru, _ => MemcgMove.None);

        Assert.That(seen, Is.EquivalentTo(Enumerable.Range(20, 30)));
        int[] bins = [.. seen.Select(m => lru.PlaceOf(m).Bin)];
        Assert.That(bins.Where((bin, i) => i == 0 || bins[i - 1] != bin), Is.Unique, "bin after bin");
    }

    [Test]
    public void AWalkThatMakesEveryoneYoungSeesEachOnceAndEndsTheGeneration()
    {
        MemcgLru lru = Filled(50);

        Assert.That(Follow(lru, _ => MemcgMove.Young), Is.EquivalentTo(Enumerable.Range(0, 50)));
        Assert.That(lru.Sequence, Is.EqualTo(1));
        Assert.That(Follow(lru, _ => MemcgMove.Young), Is.EquivalentTo(Enumerable.Range(0, 50)));
        Assert.That(lru.Sequence, Is.EqualTo(2));
        Assert.That(lru.FindProblem([.. Enumerable.Repeat(true, 50)]), Is.Null);
    }

    [Test]
    public void WhatIsTooSmallIsMetAtMostTwiceAndThenHasHadItsTurn()
    {
        MemcgLru lru = Filled(50);

        List<int> seen = Follow(lru, segment => MemcgLru.After(isDone: false, isSizable: false, segment));

        Assert.That(seen.CountBy(m => m).Select(c => c.Value), Is.All.InRange(1, 2));
        Assert.That(seen, Has.Count.GreaterThan(50), "some bins were still to come");
        Assert.That(Enumerable.Range(0, 50), Is.All.Matches<int>(m => lru.PlaceOf(m) is (1, _, MemcgSegment.Default) or (0, _, MemcgSegment.Tail)));
    }

    [Test]
    public void AWalkGoesOnWhenTheLruvecItStandsAtIsMovedUnderIt()
    {
        MemcgLru lru = Filled(50);
        MemcgLru.Walk walk = lru.Begin();
        List<int> seen = [];
        while (walk.Step(MemcgMove.None, out int memcg, out _))
        {
            seen.Add(memcg);
            lru.Move(memcg, MemcgMove.Young);
        }

        Assert.That(seen, Is.EquivalentTo(Enumerable.Range(0, 50)));
    }

    [Test]
    public void AWalkEndsHoweverOthersMove()
    {
        MemcgLru lru = Filled(2);
        MemcgLru.Walk walk = lru.Begin();
        for (int steps = 0; walk.Step(MemcgMove.None, out int memcg, out _); steps++)
        {
            Assert.That(steps, Is.LessThan(4), "two for each");

            // The one at hand leaves the bin, which begins again with the other.
            int bin = lru.PlaceOf(memcg).Bin;
            while (lru.PlaceOf(memcg).Bin == bin)
                lru.Move(memcg, MemcgMove.Tail);
            do
                lru.Move(1 - memcg, MemcgMove.Tail);
            while (lru.PlaceOf(1 - memcg).Bin != bin);
        }
    }

    [Test]
    public void ManyReclaimersKeepTheOrderWhole() => Assert.That(Crowd(rounds: 3000, concurrent: true), Is.Null);

    [Test]
    public void WithoutItsLockTheOrderBreaks() => Race.MustGoWrong(() => Crowd(rounds: 300, concurrent: false) is not null);

    /// <summary>Four threads that walk and move as they like; what is wrong afterwards, or null.</summary>
    private static string? Crowd(int rounds, bool concurrent)
    {
        const int Memcgs = 20;
        var lru = new MemcgLru(Memcgs, 1, concurrent);
        for (int memcg = 0; memcg < Memcgs; memcg++)
            lru.Add(memcg);
        string? thrown = null;
        Race.Run(4, thread =>
        {
            var random = new Random(thread);
            try
            {
                for (int round = 0; round < rounds; round++)
                {
                    MemcgLru.Walk walk = lru.Begin();
                    MemcgMove move = MemcgMove.None;
                    while (walk.Step(move, out _, out _))
                    {
                        move = Moves[random.Next(Moves.Length)];
                        lru.Move(random.Next(Memcgs), Moves[random.Next(Moves.Length)]);
                    }
                }
            }
            catch (IndexOutOfRangeException e)
            {
                thrown = e.Message;
            }
        });
        return thrown ?? lru.FindProblem([.. Enumerable.Repeat(true, Memcgs)]);
    }

    [Test]
    public void WhatIsRemovedIsMetNoMoreAndTheYoungGenerationFollowsAnOldOneThatRanEmpty()
    {
        MemcgLru lru = Filled(3);
        lru.Move(0, MemcgMove.Young);
        lru.Remove(1);
        Assert.That(lru.FindProblem([true, false, true]), Is.Null);
        Assert.That(lru.FindProblem([true, true, true]), Does.Contain("2 of 3"));
        Assert.That(lru.Sequence, Is.Zero);

        lru.Remove(2);

        Assert.That(lru.Sequence, Is.EqualTo(1));
        Assert.That(Follow(lru, _ => MemcgMove.None), Has.Count.EqualTo(1).And.Contains(0));
        lru.Add(1);
        Assert.That(Follow(lru, _ => MemcgMove.None), Has.Count.EqualTo(2).And.Contains(0).And.Contains(1));
        Assert.That(lru.FindProblem([true, true, false]), Is.Null);
    }

    private static MemcgLru Filled(int memcgs)
    {
        var lru = new MemcgLru(memcgs, 3, concurrent: false);
        for (int memcg = 0; memcg < memcgs; memcg++)
            lru.Add(memcg);
        return lru;
    }

    private static List<int> Follow(MemcgLru lru, Func<MemcgSegment, MemcgMove> moveOf)
    {
        List<int> seen = [];
        MemcgLru.Walk walk = lru.Begin();
        MemcgMove move = MemcgMove.None;
        while (walk.Step(move, out int memcg, out MemcgSegment segment))
        {
            seen.Add(memcg);
            move = moveOf(segment);
        }

        return seen;
    }

    private static string Describe(MemcgLru lru)
    {
        var bins = new List<string>();
        for (int bin = 0; bin < MemcgLru.Generations * MemcgLru.Bins; bin++)
        {
            var members = lru.MembersOf(bin / MemcgLru.Bins, bin % MemcgLru.Bins).Select(m => $"{m}{lru.PlaceOf(m).Segment.ToString()[0]}");
            bins.Add(string.Join(' ', members));
        }

        return $"{lru.Sequence}: {string.Join('|', bins)}";
    }

    /// <summary>24 lists, searched for whoever is to be moved.</summary>
    private sealed class Model
    {
        private readonly List<(int Memcg, char Segment)>[] _bins = [.. Enumerable.Range(0, 24).Select(_ => new List<(int, char)>())];
        private int _sequence;

        public void Add(int memcg, int bin) => _bins[_sequence % 3 * 8 + bin].Add((memcg, 'D'));

        public void Move(int memcg, MemcgMove move, int bin)
        {
            if (move == MemcgMove.None)
                return;
            int from = Array.FindIndex(_bins, b => b.Exists(m => m.Memcg == memcg));
            _bins[from].RemoveAll(m => m.Memcg == memcg);
            int own = from / 8;
            switch (move)
            {
                case MemcgMove.Head:
                    _bins[own * 8 + bin].Insert(0, (memcg, 'H'));
                    break;
                case MemcgMove.Tail:
                    _bins[own * 8 + bin].Add((memcg, 'T'));
                    break;
                case MemcgMove.Old:
                    _bins[_sequence % 3 * 8 + bin].Insert(0, (memcg, 'D'));
                    break;
                case MemcgMove.Young:
                    _bins[(_sequence + 1) % 3 * 8 + bin].Add((memcg, 'D'));
                    break;
            }

            if (_bins[(_sequence % 3 * 8)..(_sequence % 3 * 8 + 8)].All(b => b.Count == 0))
                _sequence++;
        }

        public string Describe() =>
            $"{_sequence}: {string.Join('|', _bins.Select(b => string.Join(' ', b.Select(m => $"{m.Memcg}{m.Segment}"))))}";
    }
}
