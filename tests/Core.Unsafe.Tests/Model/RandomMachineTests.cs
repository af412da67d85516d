using ReclaimNative.Policies;

namespace ReclaimNative.Tests.Model;

public class RandomMachineTests
{
    private const int Steps = 400;

    private static readonly string[] Mixes = [.. SmallMachine.PolicyNames, "classic mglru fifo", "sieve lru clock mglru"];

    [Test]
    public void EveryInvariantHoldsAfterEveryStep(
        [ValueSource(nameof(Mixes))] string mix, [Values(null, 0, 30)] int? swap, [Values(11, 12)] int seed)
    {
        using var machine = new RandomMachine(seed, (ulong?)swap, Policies(mix));
        for (int step = 0; step < Steps; step++)
        {
            string? problem = machine.Step();
            if (problem is not null)
                Assert.Fail($"seed {seed}, step {step} ({machine.LastStep}): {problem}");
        }
    }

    [Test]
    [Explicit("minutes")]
    [Category("Soak")]
    public void EveryInvariantHoldsOnLongRunsOfManySeeds([ValueSource(nameof(Mixes))] string mix)
    {
        for (int seed = 100; seed < 120; seed++)
        {
            using var machine = new RandomMachine(seed, (seed % 3) switch { 0 => null, 1 => 0ul, _ => 100ul }, Policies(mix));
            for (int step = 0; step < 3000; step++)
            {
                string? problem = machine.Step();
                if (problem is not null)
                    Assert.Fail($"seed {seed}, step {step} ({machine.LastStep}): {problem}");
            }
        }
    }

    [Test]
    public void TheSameSeedGivesTheSameCounters([ValueSource(nameof(Mixes))] string mix)
    {
        const int Seed = 13;
        string first = Run();
        Assert.That(Run(), Is.EqualTo(first), $"seed {Seed}");

        string Run()
        {
            using var machine = new RandomMachine(Seed, 200, Policies(mix));
            for (int step = 0; step < Steps; step++)
                machine.Step();
            return machine.Fingerprint();
        }
    }

    private static PolicyDefinition[] Policies(string mix) => [.. mix.Split(' ').Select(SmallMachine.Policy)];
}
