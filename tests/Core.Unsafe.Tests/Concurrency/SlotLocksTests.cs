using ReclaimNative.Concurrency;
using ReclaimNative.Memory;

namespace ReclaimNative.Tests.Concurrency;

public class SlotLocksTests
{
    private const int Rounds = 1_000_000;

    [Test]
    public void ASlotIsLockedOnceUntilItIsUnlocked([Values] bool concurrent, [Values(0u, 1u, 77u, uint.MaxValue)] uint slot)
    {
        using var store = new ColumnStore();
        var locks = new SlotLocks(store, concurrent);

        Assert.That(locks.TryEnter(slot), Is.True);
        Assert.That(locks.TryEnter(slot), Is.False);
        locks.Exit(slot);
        locks.Enter(slot);
        Assert.That(locks.TryEnter(slot), Is.False);
        locks.Exit(slot);
        Assert.That(locks.TryEnter(slot), Is.True);
    }

    [Test]
    public void SlotsThatShareAWordAreBusyTogetherAndOthersAreNot()
    {
        using var store = new ColumnStore();
        var locks = new SlotLocks(store, concurrent: true);
        uint twin = 1;
        while (SlotLocks.WordOf(twin) != SlotLocks.WordOf(0))
            twin++;

        locks.Enter(0);
        Assert.That(locks.TryEnter(twin), Is.False);
        Assert.That(locks.TryEnter(twin + 1), Is.True);
        locks.Exit(0);
        Assert.That(locks.TryEnter(twin), Is.True);
    }

    [Test]
    public void TheLocksAreSixtyFourKibibytes()
    {
        using var store = new ColumnStore();
        _ = new SlotLocks(store, concurrent: true);

        Assert.That(store.Costs.Single(), Is.EqualTo(new ColumnCost("lock.words", 4, 16384)));
        Assert.That(Enumerable.Range(0, 100_000).Max(i => SlotLocks.WordOf((uint)i * 42_949)), Is.InRange(16000u, 16383u));
    }

    /// <summary>Pages in a row are locked by threads in a row: no two of 64 may be on one cache line, nor share a word.</summary>
    [Test]
    public void NeighboursAreOnLinesOfTheirOwn([Values(0u, 12345u, 4_000_000_000u)] uint first)
    {
        uint[] lines = [.. Enumerable.Range(0, 64).Select(i => SlotLocks.WordOf(first + (uint)i) / 16)];

        Assert.That(lines.Distinct().Count(), Is.EqualTo(64));
    }

    [Test]
    public void WordsAreUsedEvenlyWhateverTheStride([Values(1u, 64u, 512u, 4096u, 65536u)] uint stride)
    {
        int[] used = new int[16384];
        for (uint i = 0; i < 65536; i++)
            used[SlotLocks.WordOf(unchecked(i * stride))]++;

        Assert.That(used.Max(), Is.LessThanOrEqualTo(16), "4 on average");
    }

    [Test]
    public void OneThreadAtATimeIsInside()
    {
        using var store = new ColumnStore();
        var locks = new SlotLocks(store, concurrent: true);

        long intrusions = Race.Intrusions(2, Rounds, Enter, () => locks.Exit(5));

        Assert.That(intrusions, Is.Zero);

        bool Enter(int id)
        {
            if (id % 2 == 0)
                return locks.TryEnter(5);
            locks.Enter(5);
            return true;
        }
    }

    [Test]
    public void AnEntryInTwoStepsLetsTwoThreadsIn() => Race.MustGoWrong(() =>
    {
        var weak = new Race.TwoStepLock();
        return Race.Intrusions(2, Rounds, _ => weak.TryEnter(), weak.Exit) > 0;
    });

    [Test]
    public void TheOnlyThreadIsToldInsteadOfWaitingForItself()
    {
        using var store = new ColumnStore();
        var locks = new SlotLocks(store, concurrent: false);
        locks.Enter(9);

        Assert.That(() => locks.Enter(9), Throws.InvalidOperationException.With.Message.Contains("slot 9"));
    }

    [Test]
    public void LockingAndWaitingAllocateNothing()
    {
        using var store = new ColumnStore();
        var locks = new SlotLocks(store, concurrent: true);
        long allocated = 0;
        Race.Run(2, _ =>
        {
            Lock(locks, 10);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Lock(locks, 20_000);
            Interlocked.Add(ref allocated, GC.GetAllocatedBytesForCurrentThread() - before);
        });

        Assert.That(allocated, Is.Zero);

        static void Lock(SlotLocks locks, int times)
        {
            for (int i = 0; i < times; i++)
            {
                locks.Enter(3);
                locks.Exit(3);
            }
        }
    }
}
