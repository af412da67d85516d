using ReclaimNative.Frames;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies;

/// <summary>What must hold of the policies' formulas whatever the numbers.</summary>
public unsafe class FormulaPropertyTests
{
    private const int Cases = 5000;

    [Test]
    public void TheStopRuleEndsOneTypeAndNeverAsksForMore([Range(1, 5)] int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < Cases; i++)
        {
            long[] target = [.. Enumerable.Range(0, 4).Select(_ => random.NextInt64(1L << random.Next(1, 30)))];
            long[] before = [.. target.Select(t => random.NextInt64(t + 1))];
            if (random.Next(10) == 0)
            {
                int emptied = random.Next(2) * 2;
                before[emptied] = before[emptied + 1] = 0;
            }

            long[] left = [.. before];

            bool goesOn = ClassicPolicy.StopRule(target, left);

            long anon = before[0] + before[1];
            long file = before[2] + before[3];
            Assert.That(goesOn, Is.EqualTo(anon > 0 && file > 0));
            if (!goesOn)
            {
                Assert.That(left, Is.EqualTo(before));
                continue;
            }

            for (int list = 0; list < 4; list++)
                Assert.That(left[list], Is.InRange(0L, before[list]), "never grows a target");
            int small = file > anon ? 0 : 2;
            Assert.That(left[small] + left[small + 1], Is.Zero, "the type with less left ends, at a tie that of files");

            // What is done of the other type, and what is left for it, is the share of the smaller type that was done: at
            // least, since the share that is left is rounded down, and by less than two hundredths more.
            long whole = target[small] + target[small + 1];
            double share = 1 - (double)(before[small] + before[small + 1]) / whole;
            for (int list = 2 - small; list <= 3 - small; list++)
            {
                long done = target[list] - before[list];
                Assert.That(done + left[list], Is.GreaterThanOrEqualTo(Math.Floor(target[list] * share * (1 - 1e-12)) - 1));
                double most = target[list] * Math.Min(1, share + 0.01 + 1.0 / (whole + 1)) + 1;
                Assert.That(done + left[list], Is.LessThanOrEqualTo(Math.Max(done, most)));
            }
        }
    }

    [Test]
    public void MoreInactiveIsNeverLowerAndTheRatioIsARoot([Range(1, 5)] int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < Cases; i++)
        {
            long pages = random.NextInt64(1, 1L << random.Next(1, 42));
            long inactive = random.NextInt64(pages + 1);
            bool low = IsLow(inactive, pages);
            Assert.That(IsLow(random.NextInt64(inactive, pages + 1), pages), low ? Is.AnyOf(true, false) : Is.False);
            Assert.That(IsLow(pages, pages), Is.False, "with nothing active nothing is missing");

            // The ratio is the least integer that keeps it from being low, so its square is 10 GiB or just below.
            long most = pages;
            for (long least = 0; least < most;)
            {
                long middle = (least + most) / 2;
                (least, most) = IsLow(middle, pages) ? (middle + 1, most) : (least, middle);
            }

            long gigabytes = pages >> 18;
            long ratio = Root(10 * gigabytes);
            Assert.That(most * Math.Max(ratio, 1), Is.GreaterThanOrEqualTo(pages - most), "kernel-reclaim 2.6");
            if (most > 0)
                Assert.That((most - 1) * Math.Max(ratio, 1), Is.LessThan(pages - most + 1));
        }

        static bool IsLow(long inactive, long pages) =>
            ClassicPolicy.InactiveIsLow(new LruSizes(inactive, pages - inactive, 0, 0), FolioType.Anon);

        static long Root(long value)
        {
            long root = 0;
            for (long bit = 1L << 31; bit > 0; bit >>= 1)
            {
                if ((root + bit) * (root + bit) <= value)
                    root += bit;
            }

            return root;
        }
    }

    [Test]
    public void RefaultsOfTheVariableSpeakAgainstItAndThoseOfTheSetPointForIt([Range(1, 5)] int seed)
    {
        var random = new Random(seed);
        int evicted = 0;
        for (int i = 0; i < Cases; i++)
        {
            var setPoint = new MglruPolicy.Position(Number(), Number(), random.Next(1, 201));
            var variable = new MglruPolicy.Position(Number(), Number(), random.Next(1, 201));
            bool may = MglruPolicy.MayEvict(setPoint, variable);
            evicted += may ? 1 : 0;
            long more = Number();

            foreach (bool spared in (bool[])
            [
                MglruPolicy.MayEvict(setPoint, variable with { Refaulted = variable.Refaulted + more }),
                MglruPolicy.MayEvict(setPoint with { Total = setPoint.Total + more }, variable),
                MglruPolicy.MayEvict(setPoint with { Gain = setPoint.Gain + 1 }, variable),
            ])
                Assert.That(spared && !may, Is.False, $"{setPoint} {variable} {more}");
            foreach (bool taken in (bool[])
            [
                MglruPolicy.MayEvict(setPoint with { Refaulted = setPoint.Refaulted + more }, variable),
                MglruPolicy.MayEvict(setPoint, variable with { Total = variable.Total + more }),
                MglruPolicy.MayEvict(setPoint, variable with { Gain = variable.Gain + 1 }),
            ])
                Assert.That(taken || !may, Is.True, $"{setPoint} {variable} {more}");
            Assert.That(MglruPolicy.MayEvict(setPoint, variable with { Refaulted = random.Next(64) }), Is.True, "too few to judge by");
        }

        Assert.That(evicted, Is.InRange(Cases / 5, Cases * 4 / 5), "both answers were tried");

        long Number() => random.NextInt64(1L << random.Next(1, 45));
    }

    [Test]
    public void TheFirstPriorityIsInRangeAndFollowsBothNumbers([Range(1, 5)] int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < Cases; i++)
        {
            ulong reclaimable = (ulong)random.NextInt64(1, 1L << random.Next(1, 50));
            ulong wanted = (ulong)random.NextInt64(1, 1L << random.Next(1, 50));
            int priority = MglruPolicy.InitialPriority(reclaimable, wanted);

            Assert.That(priority, Is.InRange(6, 12));
            Assert.That(MglruPolicy.InitialPriority(reclaimable + (ulong)random.NextInt64(1 << 30), wanted), Is.GreaterThanOrEqualTo(priority));
            Assert.That(MglruPolicy.InitialPriority(reclaimable, wanted + (ulong)random.NextInt64(1 << 30)), Is.LessThanOrEqualTo(priority));
            if (priority > 6)
                Assert.That(reclaimable >> priority, Is.GreaterThanOrEqualTo(wanted / 2), "one pass at it finds about what is wanted");
        }
    }

    [Test]
    public void ATokenComesBackThroughAnyShadow([Range(1, 5)] int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < Cases; i++)
        {
            var codec = new ShadowCodec(32, random.Next(1, 65), random.Next(1, 65), random.Next(1, 65536), 1000);
            ulong minSeq = (ulong)random.NextInt64(1L << random.Next(1, 60));
            int refs = random.Next(5);

            uint packed = codec.Pack(new ShadowEntry(MglruPolicy.TokenOf(minSeq, refs), 0, 0, true), 0);
            uint stamp = codec.Unpack(packed, 0, 0, out _).Stamp;

            Assert.That(stamp & 3, Is.EqualTo((uint)Math.Max(refs - 1, 0)));
            Assert.That(stamp >> 2, Is.EqualTo((uint)(minSeq & (codec.StampMask >> 2))));
        }
    }

    [Test]
    public void GenerationsCompareAcrossTheWidthOfAToken([Range(1, 3)] int seed, [Values("mglru@6.1", "mglru@6.12", "mglru@6.18")] string policy)
    {
        using var lru = new OneLruvec(policy);
        uint pfn = lru.Read(0);
        ref MglruPolicy.Generations state = ref lru.View.State<MglruPolicy.Generations>();
        ulong width = (lru.View.StampMask >> 2) + 1ul;
        var random = new Random(seed);
        for (int i = 0; i < Cases; i++)
        {
            // Near a multiple of the width, where the low bits of the numbers start again.
            ulong max = width * (ulong)random.Next(1, 1000) + (ulong)random.Next(16);
            long away = random.Next(-12, 13);
            state.MaxSeq = max;
            state.MinSeq[1] = max - (ulong)random.Next(1, 4);
            ulong seq = max + (ulong)away;
            uint stamp = MglruPolicy.TokenOf(seq, 1) & lru.View.StampMask;
            long before = state.Refaulted[4];

            MglruPolicy.OnRefault(lru.View, pfn, new ShadowEntry(stamp, 0, 0, Workingset: false), inFault: false);

            bool recent = policy == "mglru@6.18" ? Math.Abs(away) < 4 : seq == state.MinSeq[1];
            Assert.That(state.Refaulted[4] - before, Is.EqualTo(recent ? 1 : 0), $"kernel-reclaim 5.14: {seq} against {state.MinSeq[1]} to {max}");
        }
    }

    [Test]
    public void RefaultDistancesCountAcrossTheWidthOfAStamp([Range(1, 3)] int seed)
    {
        const int Active = 100;
        using var lru = new OneLruvec("classic", 0);
        for (uint page = 0; page < Active; page++)
            lru.PlaceAgain(lru.Read(page, 1), FolioFlags.Active);
        uint pfn = lru.Read(500, 1);
        var random = new Random(seed);
        ulong width = lru.View.StampMask + 1ul;
        int wrapped = 0;
        for (int i = 0; i < Cases; i++)
        {
            // To just below the next multiple of the width, every other time.
            if (i % 2 == 0)
                lru.View.AdvanceNonresidentAge((uint)(width - lru.View.NonresidentAge % width - (ulong)random.Next(1, Active)));
            lru.PlaceAgain(pfn, FolioFlags.None);
            ulong evictedAt = lru.View.NonresidentAge;
            ShadowEntry shadow = ClassicPolicy.MakeShadow(lru.View, pfn, lru.View);
            shadow = shadow with { Stamp = shadow.Stamp & lru.View.StampMask };
            lru.View.AdvanceNonresidentAge((uint)random.Next(2 * Active));
            ulong age = lru.View.NonresidentAge;
            wrapped += age / width != evictedAt / width ? 1 : 0;
            long activations = lru.View.Total(Counter.workingset_activate_file);

            ClassicPolicy.OnRefault(lru.View, pfn, shadow, inFault: false);

            Assert.That(
                lru.View.Total(Counter.workingset_activate_file) - activations,
                Is.EqualTo(age - evictedAt <= Active ? 1 : 0),
                $"kernel-reclaim 3.3: evicted at {evictedAt}, back at {age}");
        }

        Assert.That(wrapped, Is.GreaterThan(Cases / 10));
    }
}
