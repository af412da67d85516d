using ReclaimNative.Lab.Scenarios;

namespace ReclaimNative.Lab.Tests.Scenarios;

[TestFixture]
public class ScenarioReaderTests
{
    [Test]
    public void EveryKeyReachesTheModel()
    {
        Scenario scenario = Read("""
            name: all.keys-1
            summary: every key once
            seed: 7
            accesses: 3000000
            policies: [classic, mglru@6.12-bloom+walk, ./mine.so]
            swappiness: 100
            nodes:
              - { memory: 96M, tier: 0 }
              - { memory: 4096p, tier: 1 }
            memcgs:
              - { path: /db, max: 24M, min: 1M, low: 2M, swappiness: 10 }
              - { path: /db/shard, max: max }
            processes:
              - { name: sqlite, memcg: /db/shard, node: 1, trace: traces/sqlite-orders.u32.gz, format: u32, repeat: false, weight: 2, anon: 100 }
              - { name: scan, memcg: /, pattern: { kind: loop, pages: 20000, write: 0.1 }, anon: none }
              - { name: whole, pattern: { kind: loop, pages: 200 }, anon: 200 }
            events:
              - { at: 2000, memcg: /db, policy: initial, max: max, high: 2M, swappiness: 0 }
              - { at: 1000, policy: mglru@6.12-bloom }
            """);

        Assert.That(scenario.Name, Is.EqualTo("all.keys-1"));
        Assert.That(scenario.Summary, Is.EqualTo("every key once"));
        Assert.That(scenario.Seed, Is.EqualTo(7));
        Assert.That(scenario.Accesses, Is.EqualTo(3_000_000));
        Assert.That(string.Join(" ", scenario.Policies), Is.EqualTo("classic mglru@6.12-bloom+walk ./mine.so"));
        Assert.That(scenario.Swappiness, Is.EqualTo(100));
        Assert.That(scenario.Nodes, Is.EqualTo(new[] { new NodeSpec(24576, 0), new NodeSpec(4096, 1) }));
        Assert.That(scenario.Memcgs, Is.EqualTo(new[]
        {
            new MemcgSpec { Path = "/db", MaxPages = 6144, MinPages = 256, LowPages = 512, Swappiness = 10 },
            new MemcgSpec { Path = "/db/shard", MaxPages = MemcgSpec.Unlimited, MinPages = 0, LowPages = 0, Swappiness = null },
        }));
        Assert.That(string.Join(" ", scenario.Memcgs.Select(m => m.Parent)), Is.EqualTo("/ /db"));
        Assert.That(scenario.Processes, Is.EqualTo(new[]
        {
            new ProcessSpec
            {
                Name = "sqlite", Memcg = "/db/shard", Node = 1, Weight = 2, AnonPages = 100,
                TracePath = Path.Combine(RepositoryFiles.Scenarios, "traces", "sqlite-orders.u32.gz"), TraceFormat = "u32", Repeat = false,
            },
            new ProcessSpec { Name = "scan", Memcg = "/", Node = 0, Weight = 1, AnonPages = 0, Pattern = new LoopSpec(20000, 0.1) },
            new ProcessSpec { Name = "whole", Memcg = "/", Node = 0, Weight = 1, AnonPages = 200, Pattern = new LoopSpec(200) },
        }));
        Assert.That(scenario.Events, Is.EqualTo(new[]
        {
            new EventSpec { At = 1000, Memcg = "/", Policy = "mglru@6.12-bloom" },
            new EventSpec
            {
                At = 2000, Memcg = "/db", Policy = EventSpec.InitialPolicy, MaxPages = MemcgSpec.Unlimited, HighPages = 512, Swappiness = 0,
            },
        }), "in the order in which they happen");
    }

    [Test]
    public void WhatIsLeftOutHasItsDefault()
    {
        Scenario scenario = Read("""
            name: small
            summary: nothing that can be left out
            accesses: 1
            policies: [lru]
            nodes: [{ memory: 1p }]
            processes:
              - { name: a, trace: traces/sqlite-orders.u32.gz }
            """);

        Assert.That(scenario.Seed, Is.EqualTo(1));
        Assert.That(scenario.Swappiness, Is.EqualTo(60));
        Assert.That(scenario.Events, Is.Empty);
        Assert.That(scenario.Nodes, Is.EqualTo(new[] { new NodeSpec(1, 0) }));
        Assert.That(scenario.Memcgs, Is.Empty);
        ProcessSpec process = scenario.Processes[0];
        Assert.That((process.Memcg, process.Node, process.Weight, process.TraceFormat), Is.EqualTo(("/", 0, 1, (string?)null)));
        Assert.That(process.Repeat, Is.True, "a trace starts over");
        Assert.That(process.AnonPages, Is.EqualTo(ProcessSpec.AllAnon));
    }

    [TestCase("{ kind: uniform, pages: 9, write: 1 }")]
    [TestCase("{ kind: zipf, pages: 9, skew: 0.9, permute: false, write: 0.5 }")]
    [TestCase("{ kind: loop, pages: 9, write: .5 }")]
    [TestCase("{ kind: hotscan, hot: 3, cold: 6, scan: 0.3, skew: 1.1, write: 0.5 }")]
    [TestCase("{ kind: phase, pages: 9, hot: 2, every: 10, stay: 0.9, write: 5e-1 }")]
    [TestCase("{ kind: walk, pages: 9, step: 2, write: 0.5 }")]
    public void EveryKindOfPatternIsRead(string yaml)
    {
        PatternSpec expected = yaml.Split(' ')[2] switch
        {
            "uniform," => new UniformSpec(9, 1),
            "zipf," => new ZipfSpec(9, 0.9, permute: false, 0.5),
            "loop," => new LoopSpec(9, 0.5),
            "hotscan," => new HotScanSpec(3, 6, 0.3, 1.1, 0.5),
            "phase," => new PhaseSpec(9, 2, 10, 0.9, 0.5),
            _ => new WalkSpec(9, 2, 0.5),
        };
        Assert.That(ReadPattern(yaml), Is.EqualTo(expected));
    }

    [Test]
    public void PatternNumbersThatAreLeftOutHaveTheirDefaults()
    {
        Assert.That(ReadPattern("{ kind: zipf, pages: 9 }"), Is.EqualTo(new ZipfSpec(9, 1, permute: true, 0)));
        Assert.That(ReadPattern("{ kind: hotscan, hot: 3, cold: 6 }"), Is.EqualTo(new HotScanSpec(3, 6, 0.1, 0.8, 0)));
        Assert.That(ReadPattern("{ kind: phase, pages: 9, hot: 3, every: 5 }"), Is.EqualTo(new PhaseSpec(9, 3, 5, 0.95, 0)));
    }

    [TestCase("1p", 1)]
    [TestCase("4K", 1)]
    [TestCase("96M", 24576)]
    [TestCase("1G", 262144)]
    [TestCase("16T", 1L << 32)]
    [TestCase("4294967296p", 1L << 32)]
    public void SizesAreCountedInPages(string size, long pages)
    {
        Assert.That(MemorySize.TryParse(size, out long read), Is.True);
        Assert.That(read, Is.EqualTo(pages));
    }

    [Test]
    public void TheSeedOfAProcessDependsOnItsNameAlone()
    {
        Scenario one = Read(MalformedScenarioTests.Valid);
        Scenario two = Read(MalformedScenarioTests.Valid.Replace("processes:", """
            processes:
              - { name: newcomer, pattern: { kind: loop, pages: 3 } }
            """, StringComparison.Ordinal));

        Assert.That(two.Processes[1].SeedFrom(1), Is.EqualTo(one.Processes[0].SeedFrom(1)));
        Assert.That(two.Processes[0].SeedFrom(1), Is.Not.EqualTo(two.Processes[1].SeedFrom(1)));
        Assert.That(one.Processes[0].SeedFrom(2), Is.Not.EqualTo(one.Processes[0].SeedFrom(1)));
    }

    private static Scenario Read(string yaml) => ScenarioReader.Parse(yaml, Path.Combine(RepositoryFiles.Scenarios, "test.yaml"));

    private static PatternSpec? ReadPattern(string yaml) => Read($$"""
        name: pattern
        summary: one pattern
        accesses: 1
        policies: [lru]
        nodes: [{ memory: 1p }]
        processes: [{ name: a, pattern: {{yaml}} }]
        """).Processes[0].Pattern;
}
