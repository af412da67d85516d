using ReclaimNative.Concurrency;
using ReclaimNative.Memory;

namespace ReclaimNative.Tests.Concurrency;

public class QuiesceGateTests
{
    private const int ChangesOfEach = 100_000;

    [Test]
    public void CallsGoInSideBySideAndAChangeWaitsForTheLast()
    {
        using var store = new ColumnStore();
        var gate = new QuiesceGate(store, concurrent: true);
        using var bothInside = new Barrier(3);
        using var leave = new ManualResetEventSlim();
        int inside = 0;
        int insideAtChange = -1;
        Race.Run(3, id =>
        {
            if (id == 2)
            {
                bothInside.SignalAndWait();
                leave.Set();
                using (gate.Close())
                    insideAtChange = Volatile.Read(ref inside);
                return;
            }

            using (gate.Enter())
            {
                Interlocked.Increment(ref inside);
                bothInside.SignalAndWait(); // passes only when both calls are inside at once
                leave.Wait();
                Thread.Yield();
                Interlocked.Decrement(ref inside);
            }
        });

        Assert.That(insideAtChange, Is.Zero);
    }

    [Test]
    public void ACallWaitsForTheChangeAndSeesWhatItDid()
    {
        using var store = new ColumnStore();
        var gate = new QuiesceGate(store, concurrent: true);
        using var closed = new ManualResetEventSlim();
        int plain = 0;
        int seen = 0;
        Race.Run(2, id =>
        {
            if (id == 0)
            {
                using (gate.Close())
                {
                    closed.Set();
                    for (int i = 0; i < 100; i++)
                        Thread.Yield();
                    plain = 42;
                }
            }
            else
            {
                closed.Wait();
                using (gate.Enter())
                    seen = plain;
            }
        });

        Assert.That(seen, Is.EqualTo(42));
    }

    /// <summary>
    /// Calls and changes in a tight loop. Forbidden: a call and a change inside at once, seen by either; two changes at
    /// once; a plain field that changes wrote, seen half done.
    /// </summary>
    [TestCase(1, 1, QuiesceGate.DefaultStripes)]
    [TestCase(2, 1, 1)]
    [TestCase(0, 2, QuiesceGate.DefaultStripes)]
    [TestCase(2, 2, 2)]
    public void CallsAndChangesNeverOverlap(int callers, int changers, int stripes)
    {
        using var store = new ColumnStore();
        var gate = new QuiesceGate(store, concurrent: true, stripes);
        var watch = new Overlap();
        int changersDone = 0;
        Race.Run(callers + changers, id =>
        {
            if (id < callers)
            {
                while (Volatile.Read(ref changersDone) < changers)
                {
                    using (gate.Enter())
                        watch.Call(id);
                }
            }
            else
            {
                for (int i = 0; i < ChangesOfEach; i++)
                {
                    using (gate.Close())
                        watch.Change();
                    // Without a pause the calls would hardly get in between.
                    Thread.SpinWait(i & 7);
                }

                Interlocked.Increment(ref changersDone);
            }
        });

        Assert.That(watch.Overlaps, Is.Zero);
        Assert.That(watch.Changes, Is.EqualTo(changers * ChangesOfEach), "a plain counter under the closed gate has lost counts");
    }

    /// <summary>The same watch over the same algorithm with plain stores in place of locked ones.</summary>
    [Test]
    public void WithoutFencesCallsAndChangesOverlap() => Race.MustGoWrong(() =>
    {
        var gate = new UnfencedGate();
        var watch = new Overlap();
        int done = 0;
        Race.Run(2, id =>
        {
            if (id == 0)
            {
                while (Volatile.Read(ref done) == 0)
                {
                    gate.Enter();
                    watch.Call(id);
                    gate.Exit();
                }
            }
            else
            {
                for (int i = 0; i < ChangesOfEach; i++)
                {
                    gate.Close();
                    watch.Change();
                    gate.Open();
                    Thread.SpinWait(i & 7);
                }

                Volatile.Write(ref done, 1);
            }
        });
        return watch.Overlaps > 0;
    });

    [Test]
    public void AnExceptionInsideLeavesTheGateUsable([Values] bool concurrent)
    {
        using var store = new ColumnStore();
        var gate = new QuiesceGate(store, concurrent);

        Assert.That(() => { using (gate.Enter()) { throw new FormatException(); } }, Throws.TypeOf<FormatException>());
        Assert.That(() => { using (gate.Close()) { throw new FormatException(); } }, Throws.TypeOf<FormatException>());
        using (gate.Close())
        {
        }

        using (gate.Enter())
        {
        }
    }

#if !DEBUG
    /// <summary>A debug build asserts before the only thread would wait for itself.</summary>
    [Test]
    public void TheOnlyThreadIsToldInsteadOfWaitingForItself()
    {
        using var store = new ColumnStore();
        var gate = new QuiesceGate(store, concurrent: false);

        Assert.That(() => { using (gate.Enter()) { gate.Close(); } }, Throws.InvalidOperationException);
        Assert.That(() => { using (gate.Close()) { gate.Enter(); } }, Throws.InvalidOperationException);
        Assert.That(() => { using (gate.Close()) { gate.Close(); } }, Throws.InvalidOperationException);
        using (gate.Close())
        {
        }

        using (gate.Enter())
        {
        }
    }
#endif

    [Test]
    public void EveryStripeIsOnLinesOfItsOwn()
    {
        using var store = new ColumnStore();
        _ = new QuiesceGate(store, concurrent: true);

        Assert.That(store.Costs.Single(), Is.EqualTo(new ColumnCost("gate.stripes", 128, 65)));
    }

    [Test]
    public void CallsAndChangesAllocateNothing()
    {
        using var store = new ColumnStore();
        var gate = new QuiesceGate(store, concurrent: true);
        long allocated = 0;
        Race.Run(2, id =>
        {
            Pass(gate, id, 10);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Pass(gate, id, 1000);
            Interlocked.Add(ref allocated, GC.GetAllocatedBytesForCurrentThread() - before);
        });

        Assert.That(allocated, Is.Zero);

        static void Pass(QuiesceGate gate, int id, int times)
        {
            for (int i = 0; i < times; i++)
            {
                using (gate.Enter())
                {
                }

                using (gate.Close())
                {
                }
            }
        }
    }

    /// <summary>Notices a call and a change that are inside at once, by plain marks that each side leaves and looks for.</summary>
    private sealed class Overlap
    {
        private readonly int[] _callInside = new int[64];
        private int _changeInside;
        private int _overlaps;

        public int Changes { get; private set; }

        public int Overlaps => Volatile.Read(ref _overlaps);

        public void Call(int id)
        {
            ref int mark = ref _callInside[id * 32];
            Volatile.Write(ref mark, 1);
            for (int i = 0; i < 8; i++)
            {
                if (Volatile.Read(ref _changeInside) != 0)
                    Interlocked.Increment(ref _overlaps);
            }

            Volatile.Write(ref mark, 0);
        }

        public void Change()
        {
            if (Interlocked.Increment(ref _changeInside) != 1)
                Interlocked.Increment(ref _overlaps);
            Changes++;
            for (int i = 0; i < 8; i++)
            {
                if (Volatile.Read(ref _callInside[0]) != 0 || Volatile.Read(ref _callInside[32]) != 0)
                    Interlocked.Increment(ref _overlaps);
            }

            Interlocked.Decrement(ref _changeInside);
        }
    }

    /// <summary>
    /// QuiesceGate for one calling and one changing thread, with the locked operations replaced by ordered stores: both
    /// may sit in a store buffer while the other side's word is read.
    /// </summary>
    private sealed class UnfencedGate
    {
        private readonly long[] _words = new long[64];

        private ref long Inside => ref _words[16];

        private ref long Closer => ref _words[48];

        public void Enter()
        {
            while (true)
            {
                Volatile.Write(ref Inside, 1);
                if (Volatile.Read(ref Closer) == 0)
                    return;
                Volatile.Write(ref Inside, 0);
                while (Volatile.Read(ref Closer) != 0)
                    Thread.SpinWait(1);
            }
        }

        public void Exit() => Volatile.Write(ref Inside, 0);

        public void Close()
        {
            Volatile.Write(ref Closer, 1);
            while (Volatile.Read(ref Inside) != 0)
                Thread.SpinWait(1);
        }

        public void Open() => Volatile.Write(ref Closer, 0);
    }
}
