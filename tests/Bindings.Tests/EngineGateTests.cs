using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Handles;

namespace ReclaimNative.Bindings.Tests;

/// <summary>Who may be inside: the rule step by step, a soak, and a twin of the protocol without its fence that must be seen to fail.</summary>
internal sealed unsafe class EngineGateTests
{
    private sealed class Thing : HandleEntry
    {
        public Thing(EngineGate gate) => Gate = gate;

        public override string Kind => "a thing";
    }

    private readonly HandleTable _table = new();

    [Test]
    public void ACallWithinACallOnTheSameEngineIsRefusedAndOnAnotherIsNot()
    {
        Thing outer = Add(new EngineGate(_table, concurrent: false));
        Thing inner = Add(new EngineGate(_table, concurrent: true));
        ulong* at = Enter(outer, out _);
        Assert.That(StatusOf(() => Enter(outer, out _)), Is.EqualTo(Status.Busy));
        ulong* within = Enter(inner, out _);
        Assert.That(StatusOf(() => Enter(outer, out _)), Is.EqualTo(Status.Busy), "still inside, two calls further out");
        Assert.That(StatusOf(() => Enter(inner, out _)), Is.EqualTo(Status.Busy), "an engine for many threads is no exception");
        EngineGate.Leave(within);
        EngineGate.Leave(at);
        EngineGate.Leave(Enter(outer, out _));
    }

    [Test]
    public void CallsAreAtMostAsDeepAsARecordHasLevels()
    {
        var entered = new Stack<nint>();
        for (int i = 0; i < CallRecord.Levels; i++)
            entered.Push((nint)Enter(Add(new EngineGate(_table, concurrent: false)), out _));
        Thing next = Add(new EngineGate(_table, concurrent: false));
        Assert.That(StatusOf(() => Enter(next, out _)), Is.EqualTo(Status.Busy));
        while (entered.TryPop(out nint at))
            EngineGate.Leave((ulong*)at);
        EngineGate.Leave(Enter(next, out _));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void AnEngineIsNotClosedWhileAnotherThreadIsInside(bool concurrent)
    {
        var gate = new EngineGate(_table, concurrent);
        Thing thing = Add(gate);
        ulong* at = Enter(thing, out bool shared);
        int fromOutside = OnAnotherThread(() => StatusOf(() => Close(gate)));
        Assert.That(fromOutside, Is.EqualTo(Status.Busy));
        Assert.That(StatusOf(() => Close(gate)), Is.EqualTo(Status.Busy), "nor by the thread that is inside");
        Leave(gate, at, shared);

        EngineGate.Leave(Enter(thing, out _));
        Assert.That(OnAnotherThread(() => StatusOf(() => Close(gate))), Is.EqualTo(Status.Ok));
        gate.End(thing);
        Assert.That(gate.TryEnter(thing, out _), Is.False);
        Assert.That((long)gate.Enter(thing, out _), Is.Zero, "it has ended");
    }

    [Test]
    public void OfAnEngineForOneThreadTheSecondIsRefusedAndLaterServed()
    {
        var gate = new EngineGate(_table, concurrent: false);
        Thing thing = Add(gate);
        ulong* at = Enter(thing, out bool shared);
        Assert.That(OnAnotherThread(() => StatusOf(() => Enter(thing, out _))), Is.EqualTo(Status.Busy));
        Leave(gate, at, shared);

        // More changes of hands than it takes to be shared.
        for (int i = 0; i < 50; i++)
        {
            int status = OnAnotherThread(() => StatusOf(() => Leave(gate, Enter(thing, out bool held), held)));
            Assert.That(status, Is.EqualTo(Status.Ok));

            // Back again: threads one after the other may have the same record, and then hand nothing on.
            Leave(gate, Enter(thing, out bool back), back);
        }

        at = Enter(thing, out shared);
        Assert.That(shared, Is.True);
        Assert.That(OnAnotherThread(() => StatusOf(() => Enter(thing, out _))), Is.EqualTo(Status.Busy), "shared is still one at a time");
        Leave(gate, at, shared);
    }

    [Test]
    public void APartThatAnotherThreadIsInsideOfDoesNotEnd()
    {
        var gate = new EngineGate(_table, concurrent: true);
        Thing engine = Add(gate);
        Thing part = Add(gate);
        ulong* at = Enter(part, out _);
        int EndPart()
        {
            ulong* mine = Enter(part, out _);
            int status = StatusOf(() => gate.BeginEnd(part, engine.Handle));
            if (status == Status.Ok)
                gate.End(part);
            EngineGate.Leave(mine);
            return status;
        }

        Assert.That(OnAnotherThread(EndPart), Is.EqualTo(Status.Busy));
        Assert.That(part.Life, Is.EqualTo(Life.Lives));
        EngineGate.Leave(at);
        Assert.That(OnAnotherThread(EndPart), Is.EqualTo(Status.Ok));
        Assert.That((long)gate.Enter(part, out _), Is.Zero);
        EngineGate.Leave(Enter(engine, out _));
    }

    /// <summary>What was decided halfway is taken back: others come in beside a call as before.</summary>
    [Test]
    public void AnEngineThatWasNotClosedTakesAllThreadsAsBefore()
    {
        var gate = new EngineGate(_table, concurrent: true);
        Thing thing = Add(gate);
        ulong* at = Enter(thing, out _);
        Assert.That(OnAnotherThread(() => StatusOf(() => Close(gate))), Is.EqualTo(Status.Busy));
        Assert.That(OnAnotherThread(() => StatusOf(() => EngineGate.Leave(Enter(thing, out _)))), Is.EqualTo(Status.Ok));
        EngineGate.Leave(at);
        at = Enter(thing, out _);
        Assert.That(OnAnotherThread(() => StatusOf(() => EngineGate.Leave(Enter(thing, out _)))), Is.EqualTo(Status.Ok));
        EngineGate.Leave(at);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void APartThatCouldNotEndLivesOn(bool concurrent)
    {
        var gate = new EngineGate(_table, concurrent);
        Thing engine = Add(gate);
        Thing part = Add(gate);
        ulong* at = Enter(part, out _);
        gate.BeginEnd(part, engine.Handle);
        EngineGate.Revive(part);
        EngineGate.Leave(at);
        Assert.That(part.Life, Is.EqualTo(Life.Lives));
        EngineGate.Leave(Enter(part, out _));
        Assert.That(OnAnotherThread(() => StatusOf(() => Leave(gate, Enter(part, out bool shared), shared))), Is.EqualTo(Status.Ok));
    }

    /// <summary>Each is inside by the part's handle when the other comes to end it.</summary>
    [Test]
    public void OfTwoThatEndAPartOneIsToldThatItIsGone()
    {
        var gate = new EngineGate(_table, concurrent: true);
        Thing engine = Add(gate);
        Thing part = Add(gate);
        ulong* at = Enter(part, out _);
        int second = Status.Ok;
        using var isInside = new ManualResetEventSlim();
        using var mayEnd = new ManualResetEventSlim();
        var other = new Thread(() =>
        {
            ulong* its = Enter(part, out _);
            isInside.Set();
            mayEnd.Wait();
            second = StatusOf(() => gate.BeginEnd(part, engine.Handle));
            EngineGate.Leave(its);
        });
        other.Start();
        isInside.Wait(); // a thread's first call takes the lock
        lock (CallRecords.Rare)
        {
            mayEnd.Set();

            // It waits for the lock, and is inside by the engine's handle from here on.
            while (!CallRecords.IsAnyInside(CallRecord.Mine, handle => handle == engine.Handle))
                Thread.Yield();
            gate.BeginEnd(part, engine.Handle);
        }

        other.Join();
        Assert.That(second, Is.EqualTo(Status.BadHandle));
        gate.End(part);
        EngineGate.Leave(at);
        Assert.That(_table.Find(part.Handle), Is.Null);
    }

    [Test]
    public void ThreadsThatEndedLeaveTheirRecordsToOthers()
    {
        for (int i = 0; i < 300; i++)
            OnAnotherThread(() => CallRecords.Register()->Id);
        Assert.That(CallRecords.Count, Is.LessThan(200));
    }

    /// <summary>The engine for one thread, taken over all the time: what it guards by nothing else is never seen half changed.</summary>
    [Test]
    public void NoTwoThreadsAreInsideAnEngineForOne()
    {
        long both = 0;
        long entered = 0;
        for (int round = 0; round < 300; round++)
        {
            // A new one each time: one that has changed hands a few times is shared, and that way is another.
            var gate = new EngineGate(_table, concurrent: false);
            Thing thing = Add(gate);
            int inside = 0;
            void Use()
            {
                for (int i = 0; i < 200; i++)
                {
                    ulong* at;
                    bool shared;
                    try
                    {
                        at = Enter(thing, out shared);
                    }
                    catch (Refusal)
                    {
                        continue;
                    }

                    // Plain on purpose: two threads inside would lose one of these.
                    int before = inside;
                    inside = before + 1;
                    both += Volatile.Read(ref inside) != before + 1 ? 1 : 0;
                    inside = before;
                    entered++;
                    Leave(gate, at, shared);
                }
            }

            var other = new Thread(Use);
            other.Start();
            Use();
            other.Join();
            Assert.That(inside, Is.Zero);
        }

        Assert.That((both, entered > 0), Is.EqualTo((0L, true)));
    }

    /// <summary>The heart of it: a plain store and a look on one side, a store, the fence and a look on the other.</summary>
    [TestCase(true, TestName = "OfACallAndACloserAtLeastOneSeesTheOther")]
    [TestCase(false, TestName = "WithoutTheFenceACallAndACloserMissEachOther")]
    public void TheFenceDecides(bool fence)
    {
        // Each on a line of its own, and both threads begin a round together.
        long* words = stackalloc long[64];
        long* noted = words + 16;
        long* closed = words + 32;
        long* begun = words + 48;
        int missed = 0;
        const int Rounds = 200_000;
        bool callSawIt = false;
        var limit = System.Diagnostics.Stopwatch.StartNew();
        nint n = (nint)noted, c = (nint)closed, b = (nint)begun;
        long done = 0;
        var caller = new Thread(() =>
        {
            for (long round = 1; ; round++)
            {
                while (Volatile.Read(ref *(long*)b) < round)
                {
                }

                if (Volatile.Read(ref *(long*)b) == long.MaxValue)
                    return;
                Volatile.Write(ref *(long*)n, round);
                callSawIt = Volatile.Read(ref *(long*)c) == round;
                Volatile.Write(ref done, round);
            }
        });
        caller.Start();
        for (long round = 1; round <= Rounds && limit.ElapsedMilliseconds < 10_000; round++)
        {
            Volatile.Write(ref *begun, round);
            Thread.SpinWait((int)(round % 16));
            Volatile.Write(ref *closed, round);
            if (fence)
                Interlocked.MemoryBarrierProcessWide();
            bool closerSawIt = Volatile.Read(ref *noted) == round;
            while (Volatile.Read(ref done) < round)
            {
            }

            missed += !closerSawIt && !callSawIt ? 1 : 0;
        }

        Volatile.Write(ref *begun, long.MaxValue);
        caller.Join();
        Assert.That(missed, fence ? Is.Zero : Is.GreaterThan(0), fence ? "both looked and neither saw" : "this machine never swaps a store and a load: the test says nothing here");
    }

    private Thing Add(EngineGate gate)
    {
        var thing = new Thing(gate);
        _table.TryAdd(thing);
        return thing;
    }

    private static ulong* Enter(HandleEntry entry, out bool shared)
    {
        shared = false;
        return entry.Gate!.TryEnter(entry, out ulong* at) ? at : entry.Gate.Enter(entry, out shared);
    }

    private static void Leave(EngineGate gate, ulong* at, bool shared)
    {
        if (shared)
            gate.LeaveShared(at);
        else
            EngineGate.Leave(at);
    }

    private static void Close(EngineGate gate)
    {
        lock (CallRecords.Rare)
            gate.Close();
    }

    private static int StatusOf(Action act)
    {
        try
        {
            act();
            return Status.Ok;
        }
        catch (Refusal refusal)
        {
            return refusal.Status;
        }
    }

    private static int OnAnotherThread(Func<int> act)
    {
        int result = 0;
        var thread = new Thread(() => result = act());
        thread.Start();
        thread.Join();
        return result;
    }
}
