using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Reclaim;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

/// <summary>Bitmaps of an address space: accesses by them are those of single pages, and what they say is what single calls say.</summary>
public class BitmapTests
{
    private const ulong Pages = 1000;

    private static readonly string[] Forms = [.. SmallMachine.PolicyNames, "classic/concurrent", "mglru/unordered", "lru/identity"];

    [Test]
    public void AccessesByBitsAreSingleAccessesOfTheResidentPagesInAscendingOrder([ValueSource(nameof(Forms))] string form)
    {
        var random = new Random(5);
        using Engine whole = Used(form, out AddressSpace space);
        using Engine single = Used(form, out AddressSpace same);
        for (int trial = 0; trial < 120; trial++)
        {
            // All tail lengths, at all words; few bits, many, none.
            ulong pages = 1 + (ulong)trial % 70 + 64 * (ulong)random.Next(3);
            ulong first = 64 * (ulong)random.Next((int)((Pages - pages) / 64) + 1);
            ulong[] used = Words(random, pages, trial % 4);
            ulong[] written = trial % 3 == 0 ? [] : Words(random, pages, trial % 5);
            long absent = whole.AccessBitmap(space, first, pages, used, written);

            long missing = 0;
            AccessTally tally = default;
            for (ulong i = 0; i < pages; i++)
            {
                bool writes = written.Length > 0 && IsSet(written, i);
                if (!writes && !IsSet(used, i))
                    continue;
                if (!single.IsResident(same, first + i))
                    missing++;
                else
                    single.Access(same, [(uint)(first + i) | (writes ? Engine.WriteBit : 0)], ref tally);
            }

            Assert.That(absent, Is.EqualTo(missing), $"trial {trial}");
            if (trial % 30 == 29)
            {
                Assert.That(EngineDigest.OfCopy(whole).Except(EngineDigest.OfCopy(single)), Is.Empty, $"trial {trial}");
                foreach (Engine engine in new[] { whole, single })
                {
                    Assert.That(engine.Validate(), Is.Null, $"trial {trial}");
                    engine.Reclaim(new ReclaimRequest(40, engine.Memcgs[1]));
                }
            }
        }
    }

    [Test]
    public void WhatABitmapSaysIsWhatSingleCallsSayAndReadingChangesNothing([ValueSource(nameof(Forms))] string form)
    {
        using Engine engine = Used(form, out AddressSpace space);
        for (ulong page = 0; page < Pages; page += 7)
            engine.SetPinned(space, page, true);
        Assert.That(engine.Propose(new ReclaimRequest(40, engine.Memcgs[1]), new ProposedPage[40]).Reclaimed, Is.Positive);
        int asProposed = 0;
        IReadOnlyList<string> before = EngineDigest.Of(engine);
        foreach ((ulong first, ulong pages) in new[] { (0UL, Pages), (64UL, 1UL), (128UL, 63UL), (192UL, 65UL), (0UL, 0UL) })
        {
            ulong[] resident = Read(engine, space, PageBitmap.Resident, first, pages);
            ulong[] pinned = Read(engine, space, PageBitmap.Pinned, first, pages);
            ulong[] dirty = Read(engine, space, PageBitmap.Dirty, first, pages);
            ulong[] proposed = Read(engine, space, PageBitmap.Proposed, first, pages);
            for (ulong i = 0; i < pages; i++)
            {
                bool isThere = engine.IsResident(space, first + i);
                Assert.That(IsSet(resident, i), Is.EqualTo(isThere), $"page {first + i}");
                Assert.That(IsSet(pinned, i), Is.EqualTo(isThere && (first + i) % 7 == 0), $"page {first + i}");
                Assert.That(IsSet(dirty, i), Is.EqualTo(isThere && WasWritten(first + i)), $"page {first + i}");
                Assert.That(IsSet(proposed, i), Is.EqualTo(isThere && engine.IsProposed(Named(space, first + i))), $"page {first + i}");
                asProposed += IsSet(proposed, i) ? 1 : 0;
            }
        }

        Assert.That(asProposed, Is.Positive);
        Assert.That(EngineDigest.Of(engine), Is.EqualTo(before));
    }

    [Test]
    public void AccessedSaysWhatTheReferenceScanWouldFind([Values] bool idleAge)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("classic")) with { IdleAge = idleAge });
        AddressSpace space = engine.CreateAddressSpace("s", 64);
        AccessTally tally = default;
        engine.Access(space, [1, 2, 3], ref tally);
        if (idleAge)
            engine.ScanIdleAges();
        Assert.That(Read(engine, space, PageBitmap.Accessed, 0, 64)[0], Is.EqualTo(0b1110UL), "a scan of idle ages takes no use away from the policy");
        engine.Advise(space, 0, 3, PageAdvice.Cold, out _);
        Assert.That(Read(engine, space, PageBitmap.Accessed, 0, 64)[0], Is.EqualTo(0b1000UL));
    }

    /// <summary>The proof is what happens: a copy of the engine accesses the page, and its policy says.</summary>
    [Test]
    public void RecentIsWhatWouldBeActivatedIfItCameBackNow([Values("classic", "mglru", "comeback", "classic@6.18/6.18", "mglru@6.12/6.12")] string form)
    {
        using Engine engine = Used(form, out AddressSpace space);
        ulong[] recent = Read(engine, space, PageBitmap.Recent, 0, Pages);
        int yes = 0;
        int no = 0;
        for (uint page = 0; page < Pages; page += 3)
        {
            using Engine copy = engine.Fork();
            AddressSpace its = copy.FindAddressSpace("s")!;
            bool isFilePage = its.VmaAt(page).File is not null;
            if (copy.IsResident(its, page) || isFilePage)
                continue;
            AccessTally tally = default;
            long before = copy.Read(copy.Root, Counter.workingset_activate_anon);
            copy.Access(its, [page], ref tally);
            bool isActivated = copy.Read(copy.Root, Counter.workingset_activate_anon) > before;
            Assert.That(IsSet(recent, page), Is.EqualTo(isActivated), $"page {page}");
            yes += isActivated ? 1 : 0;
            no += isActivated ? 0 : 1;
        }

        Assert.That(yes, Is.Positive);
        Assert.That(no, Is.Positive);
    }

    [Test]
    public void WhereAPolicyRemembersEvictedPagesTheyAreRecent([Values("2q", "arc", "s3fifo", "lirs", "clockpro")] string policy)
    {
        using Engine engine = Used(policy, out AddressSpace space);
        ulong[] recent = Read(engine, space, PageBitmap.Recent, 0, Pages);
        PolicyView view = engine.Host.ViewOf(engine.Memcgs[1], engine.Nodes[0]);
        int yes = 0;
        for (uint page = 0; page < Pages; page++)
        {
            bool isRemembered = view.Remembers(space.BaseSlot + page) && !engine.IsResident(space, page);
            if (space.VmaAt(page).File is null)
                Assert.That(IsSet(recent, page), Is.EqualTo(isRemembered), $"page {page}");
            yes += isRemembered ? 1 : 0;
        }

        Assert.That(yes, Is.Positive);
    }

    [Test]
    public void WhatIsOutOfRangeIsRefused()
    {
        using Engine engine = Used("lru", out AddressSpace space);
        var words = new ulong[20];
        Assert.That(() => engine.AccessBitmap(space, 1, 1, words), Throws.TypeOf<EngineException>().With.Message.Contains("multiple of 64"));
        Assert.That(() => engine.AccessBitmap(space, 0, Pages + 1, words), Throws.TypeOf<EngineException>().With.Message.Contains("do not lie"));
        Assert.That(() => engine.AccessBitmap(space, 0, Pages, new ulong[15]), Throws.TypeOf<EngineException>().With.Message.Contains("16 words"));
        Assert.That(() => engine.AccessBitmap(space, 0, Pages, words, new ulong[1]), Throws.TypeOf<EngineException>().With.Message.Contains("16 words"));
        Assert.That(() => engine.ReadBitmap(space, (PageBitmap)99, 0, 1, words), Throws.TypeOf<EngineException>().With.Message.Contains("bitmap 99"));
        Assert.That(() => engine.ReadBitmap(space, PageBitmap.Resident, ulong.MaxValue - 63, 64, words), Throws.TypeOf<EngineException>());
    }

    /// <summary>A cgroup at its limit under skewed accesses, with a mapped file; the same each time.</summary>
    private static Engine Used(string form, out AddressSpace space)
    {
        EngineOptions options = SmallMachine.Form(form);
        var engine = new Engine(options with { LeafTables = options.Identity ? null : options.LeafTables });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        space = engine.CreateAddressSpace("s", Pages, memcg);
        if (!options.Identity)
            engine.Map(space, 500, 600, engine.CreateFile(100));
        engine.SetMax(memcg, 300);
        var random = new Random(3);
        AccessTally tally = default;
        for (int i = 0; i < 6000; i++)
        {
            uint page = (uint)(random.NextDouble() * random.NextDouble() * Pages);
            engine.Access(space, [WasWritten(page) ? page | Engine.WriteBit : page], ref tally);
        }

        return engine;
    }

    private static BackedPage Named(AddressSpace space, ulong page)
    {
        Vma vma = space.VmaAt(page);
        return vma.File is { } file ? new BackedPage(null, file, vma.FileOffset + (page - vma.Start), false, 0) : new BackedPage(space, null, page, false, 0);
    }

    private static bool WasWritten(ulong page) => page % 5 == 0;

    private static ulong[] Read(Engine engine, AddressSpace space, PageBitmap what, ulong first, ulong pages)
    {
        var words = new ulong[(pages + 63) / 64];
        words.AsSpan().Fill(ulong.MaxValue);
        engine.ReadBitmap(space, what, first, pages, words);
        Assert.That(pages % 64 == 0 || words[^1] >> (int)(pages % 64) == 0, "bits beyond the pages are 0");
        return words;
    }

    private static bool IsSet(ulong[] words, ulong bit) => (words[bit / 64] >> (int)(bit % 64) & 1) != 0;

    private static ulong[] Words(Random random, ulong pages, int density)
    {
        var words = new ulong[(pages + 63) / 64];
        for (int i = 0; i < words.Length; i++)
        {
            ulong some = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
            words[i] = density switch { 0 => 0, 1 => ulong.MaxValue, 2 => some, _ => some & (ulong)random.NextInt64() & (ulong)random.NextInt64() };
        }

        return words;
    }
}
