using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

/// <summary>Engines for many threads, under all that their owners may do at once.</summary>
[NonParallelizable]
public class ConcurrentEngineTests
{
    private const int Threads = 4;

    private static readonly string[] Forms =
        ["classic/concurrent", "mglru/concurrent", "mglru/unordered/concurrent", "mglru/unordered/identity/concurrent", "classic/identity/concurrent"];

    [Test]
    public void EveryInvariantHoldsAtEveryQuietPoint([ValueSource(nameof(Forms))] string form, [Values(1)] int seed)
    {
        var done = Run(form, seed, TimeSpan.FromSeconds(2.5));

        Assert.That(done.Accesses, Is.GreaterThan(10_000));
        Assert.That(done.Evictions, Is.GreaterThan(500));
        Assert.That(done.Phases, Is.GreaterThan(3));
    }

    [Test]
    public void EveryInvariantHoldsWherePagesMoveBetweenNodes(
        [Values("classic/concurrent/demotion", "mglru/concurrent/demotion", "mglru/unordered/concurrent/demotion", "classic mglru fifo/concurrent/demotion")] string form)
    {
        var machine = new CrowdedMachine(SmallMachine.Form(form), 2, 1000, Threads);
        for (int phase = 0; phase < 5; phase++)
            Assert.That(machine.Run(TimeSpan.FromMilliseconds(400)), Is.Null);

        TestContext.Out.WriteLine($"{form}: {machine.Done}, {machine.Migrations} moved");
        Assert.That(machine.Done.Evictions, Is.GreaterThan(500));
        Assert.That(machine.Migrations, Is.GreaterThan(500));
        machine.Dispose();
    }

    [Test]
    public void AChangeOfASpaceThatIsGoneDoesNotReachTheNextOneInItsTables()
    {
        const uint Pages = 20;
        using var engine = new Engine(SmallMachine.Form("classic/concurrent") with { LeafTables = 1 });
        AddressSpace space = engine.CreateAddressSpace("first", Pages);
        bool done = false;
        long late = 0;
        var other = new Thread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                AddressSpace seen = Volatile.Read(ref space);
                try
                {
                    engine.Discard(seen, 0, Pages / 2);
                    engine.Map(seen, Pages / 2, Pages, null, 0, VmaFlags.NoRecency);
                    engine.SetPinned(seen, 1, true);
                }
                catch (EngineException)
                {
                    late++;
                }
            }
        });
        other.Start();
        AccessTally tally = default;
        string? problem = null;
        for (int round = 0; (round < 2000 || Volatile.Read(ref late) < 200) && problem is null; round++)
        {
            engine.Destroy(space);
            AddressSpace next = engine.CreateAddressSpace($"round {round}", Pages);
            for (uint page = 0; page < Pages; page++)
                engine.Access(next, [page], ref tally);
            problem = engine.Validate();
            Volatile.Write(ref space, next);
        }

        Volatile.Write(ref done, true);
        other.Join();
        Assert.That(problem, Is.Null);
        Assert.That(late, Is.Positive, "the other thread came too late at times");
    }

    /// <summary>Ten minutes for each form, or RECLAIM_SOAK_SECONDS; from seed RECLAIM_SOAK_SEED on, a new one every 20 seconds.</summary>
    [Test]
    [Explicit("minutes")]
    [Category("Soak")]
    public void EveryInvariantHoldsForMinutes([ValueSource(nameof(Soaked))] string form)
    {
        int seconds = int.Parse(Environment.GetEnvironmentVariable("RECLAIM_SOAK_SECONDS") ?? "600");
        int seed = int.Parse(Environment.GetEnvironmentVariable("RECLAIM_SOAK_SEED") ?? "1000");
        for (int left = seconds; left > 0; left -= 20)
            Run(form, seed++, TimeSpan.FromSeconds(Math.Min(left, 20)));
    }

    private static IEnumerable<string> Soaked => [.. Forms, "classic mglru fifo/concurrent", "clock fifo/concurrent", "classic mglru fifo/concurrent/demotion", "mglru/unordered/concurrent/demotion"];

    private static (long Accesses, long Evictions, int Phases) Run(string form, int seed, TimeSpan duration)
    {
        var machine = new CrowdedMachine(SmallMachine.Form(form), seed, (ulong?)(seed % 3) switch { 0 => null, 1 => 2000, _ => 1000 }, Threads);
        var phase = TimeSpan.FromMilliseconds(400);
        for (TimeSpan at = TimeSpan.Zero; at < duration; at += phase)
        {
            // A machine that is left with threads in it must stay where it is, so it is disposed of only when all is well.
            if (machine.Run(phase) is { } problem)
                Assert.Fail($"{form}, {problem}");
        }

        var done = machine.Done;
        TestContext.Out.WriteLine($"{form}, seed {seed}: {done}");
        machine.Dispose();
        return done;
    }
}
