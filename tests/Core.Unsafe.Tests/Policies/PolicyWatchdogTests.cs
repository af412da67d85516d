using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies;

/// <summary>What is seen from outside of an operation that does not return.</summary>
public class PolicyWatchdogTests
{
    private const int Max = 300;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [SetUp]
    public void NobodyWaits()
    {
        Waits.Inside = () => { };
        Waits.Visits = 0;
    }

    [Test]
    public void TheWatchdogNamesPolicyOperationCgroupAndNode()
    {
        using Engine engine = Build(concurrent: false);
        AddressSpace space = CreateSpace(engine, "slow");
        using ManualResetEventSlim told = new();
        PolicyProgress seen = default;
        TimeSpan seenFor = default;
        bool wasTold = false;
        Waits.Inside = () => wasTold = told.Wait(Patience);
        using (new PolicyWatchdog(() => engine.PoliciesInProgress, TimeSpan.FromMilliseconds(50), Stuck))
            Overfill(engine, space);

        Assert.That(wasTold, "while the operation was running");
        Assert.That((seen.Policy, seen.Operation, seen.Memcg, seen.Node), Is.EqualTo(("waits", PolicyOperation.Isolate, "/slow", 0)));
        Assert.That(seen.Where, Is.EqualTo("isolate on /slow, node 0"));
        Assert.That(seen.Call, Is.Positive);
        Assert.That(seenFor, Is.GreaterThanOrEqualTo(TimeSpan.FromMilliseconds(50)));
        Assert.That(engine.PoliciesInProgress, Is.Empty);
        Assert.That(engine.PolicyReports[0].Ejection, Is.Null);
        Assert.That(engine.Validate(), Is.Null);

        void Stuck(PolicyProgress at, TimeSpan taken)
        {
            if (told.IsSet)
                return;
            (seen, seenFor) = (at, taken);
            told.Set();
        }
    }

    [Test]
    public void ItTellsAtTheTimeoutAndAtDoublings()
    {
        var at = new PolicyProgress("p", PolicyOperation.Age, "/m", 1, 77, 0);
        var told = new List<TimeSpan>();
        using CountdownEvent four = new(4);
        using (new PolicyWatchdog(() => [at], TimeSpan.FromMilliseconds(20), Stuck))
            Assert.That(four.Wait(Patience));

        Assert.That(told[0], Is.GreaterThanOrEqualTo(TimeSpan.FromMilliseconds(20)));
        for (int i = 1; i < told.Count; i++)
            Assert.That(told[i], Is.GreaterThanOrEqualTo(TimeSpan.FromMilliseconds(20 << i)), $"time {i}");

        void Stuck(PolicyProgress seen, TimeSpan taken)
        {
            if (four.IsSet)
                return;
            told.Add(taken);
            four.Signal();
        }
    }

    [Test]
    public void CallsThatReturnAreNeverToldOf()
    {
        long call = 0;
        int told = 0;
        using ManualResetEventSlim enough = new();
        using (new PolicyWatchdog(Look, TimeSpan.FromMilliseconds(5), (_, _) => told++))
            Assert.That(enough.Wait(Patience));
        Assert.That(told, Is.Zero);

        PolicyProgress[] Look()
        {
            if (++call == 100)
                enough.Set();
            return [new PolicyProgress("p", PolicyOperation.Age, "/m", 1, call, 0)];
        }
    }

    [Test]
    public void EveryThreadOfAConcurrentEngineIsSeenAndNoOtherEnginesThreads()
    {
        using Engine engine = Build(concurrent: true);
        using Engine other = Build(concurrent: true);
        AddressSpace[] spaces = [CreateSpace(engine, "one"), CreateSpace(engine, "two")];
        CreateSpace(other, "one");
        CreateSpace(other, "two");
        using CountdownEvent inside = new(2);
        using ManualResetEventSlim go = new();
        Waits.Inside = () =>
        {
            inside.Signal();
            go.Wait(Patience);
        };
        Waits.Visits = -1;
        Thread[] threads = [.. spaces.Select(s => new Thread(() => Overfill(engine, s)))];
        foreach (Thread thread in threads)
            thread.Start();
        bool both = inside.Wait(Patience);
        IReadOnlyList<PolicyProgress> seen = engine.PoliciesInProgress;
        IReadOnlyList<PolicyProgress> seenInOther = other.PoliciesInProgress;
        go.Set();
        foreach (Thread thread in threads)
            thread.Join();

        Assert.That(both);
        Assert.That(string.Join("; ", seen.Select(s => s.Where).Order()), Is.EqualTo("isolate on /one, node 0; isolate on /two, node 0"));
        Assert.That(seen.Select(s => s.Thread), Is.Unique);
        Assert.That(seenInOther, Is.Empty);
        Assert.That(engine.PoliciesInProgress, Is.Empty);
    }

    [Test]
    public void AFileTellsAnotherProcess()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            using PolicyProgressFile reader = PolicyProgressFile.Create(path);
            using PolicyProgressFile writer = PolicyProgressFile.Open(path);
            Assert.That(reader.Read(), Is.Null);
            using Engine engine = new(SmallMachine.Options(PolicyDefinition.Of<Waits>()) with { ProgressFile = writer });
            AddressSpace space = CreateSpace(engine, "far");
            PolicyProgress? during = null;
            PolicyProgress? here = null;
            Waits.Inside = () => (during, here) = (reader.Read(), engine.PoliciesInProgress.Single());
            Overfill(engine, space);

            Assert.That(during, Is.Not.Null.And.EqualTo(here));
            Assert.That(during!.Value.Where, Is.EqualTo("isolate on /far, node 0"));
            Assert.That(during.Value.Policy, Is.EqualTo("waits"));
            Assert.That(reader.Read(), Is.Null, "none is running any more");
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void AFileHasRoomForOneThread()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            using PolicyProgressFile file = PolicyProgressFile.Create(path);
            Assert.That(
                () => new Engine(SmallMachine.Options(PolicyDefinition.Of<Waits>()) with { ProgressFile = file, Concurrent = true }),
                Throws.TypeOf<EngineException>().With.Message.Contains("progress file"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void OperationsAreCalledAsInC()
    {
        Assert.That(PolicyOperation.OnEvent.Word(), Is.EqualTo("on_event"));
        Assert.That(PolicyOperation.OldestBirthMs.Word(), Is.EqualTo("oldest_birth_ms"));
        Assert.That(PolicyOperation.None.Word(), Is.EqualTo("none"));
        Assert.That(() => ((PolicyOperation)200).Word(), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    private static Engine Build(bool concurrent) => new(SmallMachine.Options(PolicyDefinition.Of<Waits>()) with { Concurrent = concurrent });

    private static AddressSpace CreateSpace(Engine engine, string name)
    {
        MemoryCgroup memcg = engine.CreateMemcg(name);
        engine.SetMax(memcg, Max);
        return engine.CreateAddressSpace(name, Max + 100, memcg);
    }

    /// <summary>One page more than the cgroup may have: one reclaim.</summary>
    private static void Overfill(Engine engine, AddressSpace space)
    {
        AccessTally tally = default;
        for (uint page = 0; page <= Max; page++)
            engine.Access(space, [page], ref tally);
    }

    /// <summary>Does in an isolation what a test says: in the first, or in those of every thread.</summary>
    private readonly struct Waits : IReclaimPolicy
    {
        public static Action Inside = () => { };

        /// <summary>Isolations so far; negative for what counts none.</summary>
        public static int Visits;

        public static PolicyDescriptor Describe() => new() { Name = "waits", Flags = PolicyFlags.IgnoresReferences | PolicyFlags.Concurrent };

        public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
        {
            if (Visits < 0 || Visits++ == 0)
                Inside();
            view.IsolateTail(0, FolioBatch.Capacity, ref batch);
        }
    }
}
