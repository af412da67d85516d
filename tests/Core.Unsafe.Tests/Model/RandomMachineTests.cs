namespace ReclaimNative.Tests.Model;

public class RandomMachineTests
{
    private const int Steps = 400;

    private static readonly string[] Mixes =
    [
        .. SmallMachine.PolicyNames, "classic mglru fifo", "sieve lru clock mglru", "s3fifo arc lfu mru 2q", "lirs clockpro lruk wtinylfu", "sieve+walk lirs classic",
    ];

    /// <summary>Engines in other forms than the plain one, driven by one thread like it.</summary>
    private static readonly string[] Forms =
    [
        "mglru/unordered", "mglru/unordered/concurrent", "mglru/concurrent", "classic/concurrent", "fifo/concurrent",
        "clock/concurrent", "classic mglru fifo/concurrent", "mglru/unordered/identity", "mglru/unordered/identity/concurrent",
        "classic lru sieve/identity", "2q arc s3fifo/identity", "lfu mru arc/demotion", "s3fifo 2q lru/demotion", "classic/identity/concurrent",
        "mglru@6.1/6.1", "mglru@6.1/6.1/concurrent", "mglru@6.12/6.12/unordered/concurrent", "mglru@6.18-bloom-pid/6.18",
        "classic@6.1/6.1", "classic@6.18/6.18/concurrent", "classic+walk+lookaround", "classic@6.12+walk mglru@6.12/6.12",
        "classic mglru fifo/demotion", "sieve lru clock mglru/demotion", "mglru/unordered/demotion",
        "lirs clockpro lruk wtinylfu/demotion", "lirs clockpro lruk wtinylfu/identity", "sieve+walk/demotion",
        "classic/concurrent/demotion", "mglru/unordered/concurrent/demotion",
    ];

    private static IEnumerable<string> MixesAndForms => Mixes.Concat(Forms);

    [Test]
    public void EveryInvariantHoldsAfterEveryStep(
        [ValueSource(nameof(Mixes))] string mix, [Values(null, 0, 30)] int? swap, [Values(11, 12)] int seed) => Run(mix, swap, seed, Steps);

    [Test]
    public void EveryInvariantHoldsAfterEveryStepInOtherForms(
        [ValueSource(nameof(Forms))] string form, [Values(null, 30)] int? swap, [Values(11, 14)] int seed) => Run(form, swap, seed, Steps);

    [Test]
    [Explicit("minutes")]
    [Category("Soak")]
    public void EveryInvariantHoldsOnLongRunsOfManySeeds([ValueSource(nameof(Mixes))] string mix) => RunManySeeds(mix);

    [Test]
    [Explicit("minutes")]
    [Category("Soak")]
    public void EveryInvariantHoldsOnLongRunsInOtherForms([ValueSource(nameof(Forms))] string form) => RunManySeeds(form);

    [Test]
    public void TheSameSeedGivesTheSameCounters([ValueSource(nameof(MixesAndForms))] string form)
    {
        string first = FingerprintOf(form, null);
        Assert.That(FingerprintOf(form, null), Is.EqualTo(first));
    }

    [Test]
    public void EveryVectorWidthGivesTheSameRun([Values("classic", "mglru", "mglru/unordered", "sieve lru clock mglru")] string form, [Values(128, 256, 512)] int bits) =>
        Assert.That(FingerprintOf(form, bits), Is.EqualTo(FingerprintOf(form, 64)));

    private static void RunManySeeds(string form)
    {
        for (int seed = 100; seed < 120; seed++)
            Run(form, (seed % 3) switch { 0 => null, 1 => 0, _ => 100 }, seed, 3000);
    }

    private static void Run(string form, int? swap, int seed, int steps)
    {
        using var machine = new RandomMachine(seed, (ulong?)swap, SmallMachine.Form(form));
        for (int step = 0; step < steps; step++)
        {
            string? problem = machine.Step();
            if (problem is not null)
                Assert.Fail($"seed {seed}, step {step} ({machine.LastStep}): {problem}");
        }

        if (form.Contains("/demotion", StringComparison.Ordinal))
            Assert.That(machine.Demoted, Is.GreaterThan(steps / 20));
    }

    private static string FingerprintOf(string form, int? vectorBits)
    {
        const int Seed = 13;
        using var machine = new RandomMachine(Seed, 200, SmallMachine.Form(form) with { VectorBits = vectorBits });
        for (int step = 0; step < Steps; step++)
            machine.Step();
        return machine.Fingerprint();
    }
}
