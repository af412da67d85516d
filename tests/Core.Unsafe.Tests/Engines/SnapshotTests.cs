using ReclaimNative.Lru;
using ReclaimNative.Mechanisms;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

/// <summary>A copy is what its engine was, to the last bit, and goes on as that one would have.</summary>
public class SnapshotTests
{
    private static readonly string[] Forms =
    [
        .. SmallMachine.PolicyNames, "mglru/unordered", "mglru/identity", "lru/identity", "mglru/unordered/identity", "classic/demotion", "mglru/demotion",
        "classic mglru fifo", "comeback arc lru", "mglru@6.12-bloom classic+lookaround sieve", "mglru@6.1/6.1", "classic@6.1/6.1", "mglru@6.12/6.12", "classic@6.18/6.18",
        "classic/concurrent", "classic mglru/concurrent", "mglru/unordered/concurrent",
    ];

    private static readonly string[] Ways = ["restore", "fork"];

    [Test]
    public void ACopyIsTheSameAndGoesOnTheSame([ValueSource(nameof(Forms))] string form, [ValueSource(nameof(Ways))] string way)
    {
        for (int seed = 0; seed < 4; seed++)
        {
            EngineOptions options = SmallMachine.Form(form) with { IdleAge = seed % 2 == 0, Pressure = seed % 4 < 2, Fallback = seed == 3 ? SmallMachine.Policy("fifo") : null };
            if (options.Order == ListOrder.Unordered || (options.Concurrent && seed == 3))
                options = options with { Fallback = null };
            ulong? swap = seed % 2 == 0 ? 150 : null;
            using var original = new RandomMachine(seed, swap, options);
            using var copied = new RandomMachine(seed, swap, options);
            for (int step = 0; step < 400; step++)
            {
                if (step is 150 or 300)
                {
                    copied.MoveTo((engine, how) => Copy(engine, how, way));
                    Assert.That(EngineDigest.OfCopy(copied.Engine).Except(EngineDigest.OfCopy(original.Engine)), Is.Empty, $"seed {seed}, step {step}");
                }

                string? problem = original.Step();
                Assert.That(copied.Step(), Is.EqualTo(problem), $"seed {seed}, step {step}, {copied.LastStep}");
                Assert.That(copied.LastStep, Is.EqualTo(original.LastStep));
                DoMore(original.Engine, step);
                DoMore(copied.Engine, step);
            }

            Assert.That(copied.Fingerprint(), Is.EqualTo(original.Fingerprint()), $"seed {seed}");
            Assert.That(EngineDigest.OfCopy(copied.Engine).Except(EngineDigest.OfCopy(original.Engine)), Is.Empty, $"seed {seed} at the end");
        }
    }

    /// <summary>What the random machine does not: idle ages, tasks, and policies that change.</summary>
    private static void DoMore(Engine engine, int step)
    {
        if (step % 20 == 0 && engine.Machine.Ages is not null)
            engine.ScanIdleAges();
        engine.NowMs += 7;
        if (engine.KeepsPressure && engine.Machine.SpaceAt(step % 5) is { } task)
            engine.SetTaskState(task, (TaskState)(step % 3));
        if (step % 31 == 0)
            engine.SetPolicy(engine.Memcgs[step % engine.Memcgs.Count], engine.Host.Definitions[step % engine.Host.Definitions.Length].Name);
    }

    internal static Engine Copy(Engine engine, CopyOptions how, string way)
    {
        if (way == "fork")
            return engine.Fork(how);
        using var stream = new MemoryStream();
        engine.Save(stream);
        stream.Position = 0;
        Engine copy = Engine.Restore(stream, how);
        Assert.That(stream.Position, Is.EqualTo(stream.Length), "a snapshot is read to its end");
        return copy;
    }
}
