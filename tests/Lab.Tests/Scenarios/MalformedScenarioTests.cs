using ReclaimNative.Lab.Scenarios;

namespace ReclaimNative.Lab.Tests.Scenarios;

/// <summary>Each malformed file gives one line that names the file, the line at fault, and what was wrong.</summary>
[TestFixture]
public class MalformedScenarioTests
{
    /// <summary>A valid file; each case changes one place of it.</summary>
    internal const string Valid = """
        name: valid
        summary: a valid scenario
        seed: 1
        accesses: 1000
        policies: [classic, mglru]
        swappiness: 60
        nodes:
          - { memory: 64M, tier: 0 }
          - { memory: 32M, tier: 1 }
        memcgs:
          - { path: /db, max: 24M, min: 1M, low: 2M, swappiness: 60 }
          - { path: /db/shard, max: 8M }
        processes:
          - { name: store, memcg: /db/shard, node: 0, pattern: { kind: zipf, pages: 5000, skew: 0.9, write: 0.1 }, weight: 2, anon: all }
          - { name: scan, node: 1, pattern: { kind: loop, pages: 20000 }, weight: 1, anon: none }
          - { name: mixed, pattern: { kind: hotscan, hot: 10, cold: 90, scan: 0.1 }, anon: 10 }
          - { name: phases, pattern: { kind: phase, pages: 100, hot: 10, every: 50, stay: 0.9 } }
          - { name: heap, pattern: { kind: walk, pages: 100, step: 3 }, populate: true, rate: 500 }
        events:
          - { at: 400, memcg: /db, policy: mglru }
          - { at: 500, max: 12M, memcg: /db/shard, high: 11M, swappiness: 100 }
        demotion: true
        costs: { access_ns: 100, swap_in_us: 50, file_read_us: 80, scan_ns: 70, tiers: [0, 150] }

        """;

    private static readonly object[][] Cases =
    [
        // what is replaced, by what, line at fault, words of the message
        ["name: valid\n", "", 1, "the scenario lacks 'name'"],
        ["name: valid", "name:", 1, "name is empty"],
        ["name: valid", "name: two words", 1, "name is 'two words'; accepted: letters, digits"],
        ["name: valid", "name: [valid]", 1, "name is a list"],
        ["name: valid", "nmae: valid", 1, "no key 'nmae'; accepted: name, summary, seed, accesses, policies"],
        ["name: valid", "name: valid\nname: again", 2, "not YAML: Duplicate key name"],
        ["name: valid", "\"na\\e[31mme\": valid", 1, "no key 'na?[31mme'"],
        ["name: valid", "[name]: valid", 1, "a key that is not a word: a list"],
        ["name: valid", "name: &x valid", 1, "anchors and aliases"],
        ["name: valid", "name: *x", 1, "anchors and aliases"],
        ["name: valid", "name: !!str valid", 1, "tags (!) are not accepted"],
        ["summary: a valid scenario\n", "", 1, "the scenario lacks 'summary'"],
        ["summary: a valid scenario", "summary: \"two\\nlines\"", 2, "summary is 'two?lines'; accepted: one line of text"],
        ["summary: a valid scenario", "summary: a: b: c", 2, "not YAML"],
        ["summary: a valid scenario", "summary: \"no end", 2, "not YAML"],
        ["seed: 1", "seed: -1", 3, "seed is '-1'; accepted: a whole number from 0 to"],
        ["seed: 1", "seed: 99999999999999999999", 3, "seed is '99999999999999999999'"],
        ["accesses: 1000\n", "", 1, "the scenario lacks 'accesses'"],
        ["accesses: 1000", "accesses: 0", 4, "accesses is '0'; accepted: a whole number from 1 to 1000000000000"],
        ["accesses: 1000", "accesses: 3M", 4, "accesses is '3M'"],
        ["accesses: 1000", "accesses: 1.5", 4, "accesses is '1.5'"],
        ["accesses: 1000", "\taccesses: 1000", 3, "not YAML"],
        ["policies: [classic, mglru]\n", "", 1, "the scenario lacks 'policies'"],
        ["policies: [classic, mglru]", "policies: []", 5, "policies is an empty list"],
        ["policies: [classic, mglru]", "policies: classic", 5, "policies is 'classic'; accepted: a list of words"],
        ["policies: [classic, mglru]", "policies: [classic, classic]", 5, "policies has 'classic' twice"],
        ["policies: [classic, mglru]", "policies: [Classic]", 5, "policies has 'Classic'; accepted: name, then @version"],
        ["policies: [classic, mglru]", "policies: [mglru@]", 5, "policies has 'mglru@'"],
        ["policies: [classic, mglru]", "policies: [a, {b: c}]", 5, "policies holds a mapping"],
        ["policies: [classic, mglru]", "policies: [classic", 6, "not YAML: near this line one of [ ] { } or a key is missing"],
        ["- { memory: 64M, tier: 0 }\n  - { memory: 32M, tier: 1 }", ": 64M }", 9, "not YAML: near this line one of [ ] { } or a key is missing"],
        ["swappiness: 60\nnodes", "swappiness: 201\nnodes", 6, "swappiness is '201'; accepted: a whole number from 0 to 200"],
        ["swappiness: 60\nnodes", "swappiness: max\nnodes", 6, "swappiness is 'max'"],
        ["swappiness: 60\nnodes", "kernel: 6.2\nnodes", 6, "kernel is '6.2'; accepted: 6.1, 6.12, 6.18 or fixed"],
        ["nodes:", "node:", 7, "no key 'node'"],
        ["- { memory: 64M, tier: 0 }\n  - { memory: 32M, tier: 1 }", "", 7, "nodes is empty"],
        ["- { memory: 64M, tier: 0 }", "- 64M", 8, "nodes[0] is '64M'; accepted: keys with values"],
        ["- { memory: 64M, tier: 0 }", "- { tier: 0 }", 8, "nodes[0] lacks 'memory'"],
        ["memory: 64M", "memory: 64", 8, "nodes[0].memory is '64'; accepted: at least 1p in whole 4096-byte pages with a unit"],
        ["memory: 64M", "memory: 0", 8, "nodes[0].memory is '0'"],
        ["memory: 64M", "memory: -64M", 8, "nodes[0].memory is '-64M'"],
        ["memory: 64M", "memory: 1K", 8, "nodes[0].memory is '1K'"],
        ["memory: 64M", "memory: 64MB", 8, "nodes[0].memory is '64MB'"],
        ["memory: 64M", "memory: 17T", 8, "nodes[0].memory is '17T'"],
        ["memory: 64M", "memory: 99999999999999999999G", 8, "nodes[0].memory is '99999999999999999999G'"],
        ["memory: 64M", "memory: max", 8, "nodes[0].memory is 'max'"],
        ["memory: 64M", "size: 64M", 8, "nodes[0] has no key 'size'; accepted: memory, tier"],
        ["tier: 1", "tier: 64", 9, "nodes[1].tier is '64'; accepted: a whole number from 0 to 63"],
        ["tier: 1", "tier: fast", 9, "nodes[1].tier is 'fast'"],
        ["path: /db,", "path: db,", 11, "memcgs[0].path is 'db'; accepted: an absolute path"],
        ["path: /db,", "path: /,", 11, "memcgs[0].path is '/'"],
        ["path: /db,", "path: /db/,", 11, "memcgs[0].path is '/db/'"],
        ["path: /db,", "path: /../db,", 11, "memcgs[0].path is '/../db'"],
        ["path: /db,", "", 11, "memcgs[0] lacks 'path'"],
        ["path: /db/shard", "path: /db", 12, "memcgs[1].path is '/db', which comes twice"],
        ["path: /db/shard", "path: /web/shard", 12, "'/web' does not come before it; accepted: parents first"],
        ["max: 24M", "max: 512K", 11, "memcgs[0].min is '1M'; accepted: at most the max"],
        ["low: 2M", "low: max", 11, "memcgs[0].low is 'max'; accepted: at most the max"],
        ["max: 24M", "max: 0", 11, "memcgs[0].max is '0'; accepted: max, or at least 1p"],
        ["max: 24M", "max: unlimited", 11, "memcgs[0].max is 'unlimited'"],
        ["max: 24M", "max: {a: b}", 11, "memcgs[0].max is a mapping"],
        ["min: 1M", "min: 1.5M", 11, "memcgs[0].min is '1.5M'"],
        ["low: 2M, swappiness: 60", "low: 2M, swappiness: 300", 11, "memcgs[0].swappiness is '300'"],
        ["low: 2M", "highest: 2M", 11, "memcgs[0] has no key 'highest'; accepted: path, max, high, min, low, swap_max, swappiness"],
        ["processes:", "tasks:", 13, "no key 'tasks'"],
        ["name: store, ", "", 14, "processes[0] lacks 'name'"],
        ["name: scan", "name: store", 15, "processes[1].name is 'store', which comes twice"],
        ["memcg: /db/shard", "memcg: /web", 14, "processes[0].memcg is '/web'; accepted: /, /db, /db/shard"],
        ["node: 1", "node: 2", 15, "processes[1].node is '2'; accepted: a whole number from 0 to 1"],
        ["node: 1", "node: -1", 15, "processes[1].node is '-1'"],
        ["pattern: { kind: loop, pages: 20000 }, ", "", 15, "processes[1] has neither trace and pattern; accepted: exactly one"],
        ["node: 1", "trace: x.u32", 15, "processes[1] has both trace and pattern; accepted: exactly one"],
        ["pattern: { kind: loop, pages: 20000 }", "trace: missing.u32", 15, "processes[1].trace is 'missing.u32', and there is no such file"],
        ["pattern: { kind: loop, pages: 20000 }", "trace: .", 15, "processes[1].trace is '.', and there is no such file"],
        ["pattern: { kind: loop, pages: 20000 }", "trace: \"a\\0b\"", 15, "processes[1].trace is 'a?b'"],
        ["pattern: { kind: loop, pages: 20000 }", "trace: traces/README.md, format: elf", 15, "processes[1].format is 'elf'; accepted: u32, u64, oracle, text"],
        ["pattern: { kind: loop, pages: 20000 }", "trace: traces/README.md, repeat: yes", 15, "processes[1].repeat is 'yes'; accepted: true, false"],
        ["node: 1", "format: u32", 15, "processes[1].format goes with a trace only"],
        ["node: 1", "repeat: true", 15, "processes[1].repeat goes with a trace only"],
        ["weight: 2", "weight: 0", 14, "processes[0].weight is '0'; accepted: a whole number from 1 to 1000000"],
        ["weight: 2", "weight: 0.5", 14, "processes[0].weight is '0.5'"],
        ["weight: 2", "wieght: 2", 14, "processes[0] has no key 'wieght'; accepted: name, memcg, node, trace"],
        ["anon: none", "anon: some", 15, "processes[1].anon is 'some'; accepted: all, none, or a number of pages from 0 to 20000"],
        ["anon: none", "anon: 20001", 15, "processes[1].anon is '20001'"],
        ["anon: none", "anon: -1", 15, "processes[1].anon is '-1'"],
        ["kind: zipf, ", "", 14, "processes[0].pattern lacks 'kind'"],
        ["kind: zipf", "kind: normal", 14, "processes[0].pattern.kind is 'normal'; accepted: uniform, zipf, loop, hotscan, phase, walk"],
        ["pages: 5000", "pages: 0", 14, "processes[0].pattern.pages is '0'; accepted: a whole number from 1 to 67108864"],
        ["pages: 5000", "pages: 67108865", 14, "processes[0].pattern.pages is '67108865'"],
        ["pages: 5000", "pages: 20M", 14, "processes[0].pattern.pages is '20M'"],
        ["skew: 0.9", "skew: 9", 14, "processes[0].pattern.skew is '9'; accepted: a number from 0 to 8"],
        ["skew: 0.9", "skew: NaN", 14, "processes[0].pattern.skew is 'NaN'"],
        ["skew: 0.9", "hot: 3", 14, "processes[0].pattern has no key 'hot'; accepted: kind, pages, skew, permute, write"],
        ["skew: 0.9", "permute: maybe", 14, "processes[0].pattern.permute is 'maybe'; accepted: true, false"],
        ["write: 0.1", "write: 10%", 14, "processes[0].pattern.write is '10%'; accepted: a number from 0 to 1"],
        ["write: 0.1", "write: -0.1", 14, "processes[0].pattern.write is '-0.1'"],
        ["pattern: { kind: loop, pages: 20000 }", "pattern: loop", 15, "processes[1].pattern is 'loop'; accepted: keys with values"],
        ["kind: loop, pages: 20000", "kind: loop", 15, "processes[1].pattern lacks 'pages'"],
        ["cold: 90", "cold: 2147483639", 16, "processes[2].pattern.cold is '2147483639'; accepted: a whole number from 1 to 2147483638"],
        ["hot: 10, every", "hot: 101, every", 17, "processes[3].pattern.hot is '101'; accepted: a whole number from 1 to 100"],
        ["every: 50", "every: 0", 17, "processes[3].pattern.every is '0'"],
        ["stay: 0.9", "stay: 2", 17, "processes[3].pattern.stay is '2'"],
        ["step: 3", "step: 100", 18, "processes[4].pattern.step is '100'; accepted: a whole number from 1 to 99"],
        ["events:", "event:", 19, "no key 'event'; accepted: name, summary, seed, accesses, policies"],
        ["- { at: 400, memcg: /db, policy: mglru }\n  - { at: 500, max: 12M, memcg: /db/shard, high: 11M, swappiness: 100 }", "", 19, "events is empty"],
        ["- { at: 400, memcg: /db, policy: mglru }", "- mglru", 20, "events[0] is 'mglru'; accepted: keys with values"],
        ["at: 400, ", "", 20, "events[0] lacks 'at'"],
        ["at: 400", "at: 0", 20, "events[0].at is '0'; accepted: a whole number from 1 to 999"],
        ["at: 400", "at: 1000", 20, "events[0].at is '1000'; accepted: a whole number from 1 to 999"],
        ["at: 400", "at: 40%", 20, "events[0].at is '40%'"],
        ["at: 400", "when: 400", 20, "events[0] has no key 'when'; accepted: at, memcg, policy, max, high, swappiness"],
        [", policy: mglru }", " }", 20, "events[0] changes nothing; accepted: one or more of policy, max, high, swappiness"],
        ["memcg: /db, policy", "memcg: /web, policy", 20, "events[0].memcg is '/web'; accepted: /, /db, /db/shard"],
        ["policy: mglru", "policy: Mglru", 20, "events[0].policy is 'Mglru'; accepted: initial, or name, then @version"],
        ["policy: mglru", "policy: [mglru]", 20, "events[0].policy is a list"],
        ["policy: mglru", "policy:", 20, "events[0].policy is empty"],
        ["at: 500, max: 12M", "at: 500, max: 12", 21, "events[1].max is '12'; accepted: max, or at least 1p"],
        ["high: 11M", "high: 0", 21, "events[1].high is '0'; accepted: max, or at least 1p"],
        ["memcg: /db/shard, high", "memcg: /, high", 21, "events[1].max goes with a memcg below the root"],
        ["high: 11M, swappiness: 100", "high: 11M, swappiness: 201", 21, "events[1].swappiness is '201'; accepted: a whole number from 0 to 200"],
        ["demotion: true", "demotion: on", 22, "demotion is 'on'; accepted: true, false"],
        ["access_ns: 100", "access_ns: 0", 23, "costs.access_ns is '0'; accepted: a whole number from 1 to"],
        ["access_ns: 100", "acces_ns: 100", 23, "costs has no key 'acces_ns'; accepted: access_ns, swap, swap_in_us"],
        ["swap_in_us: 50", "swap_in_us: -1", 23, "costs.swap_in_us is '-1'"],
        ["swap_in_us: 50", "swap: tape", 23, "costs.swap is 'tape'; accepted: zram, nvme, disk"],
        ["swap_in_us: 50", "swap_in_us: 50, swap: zram", 23, "costs.swap and swap_in_us say the same; accepted: one of them"],
        ["file_read_us: 80", "file_read_us: 1s", 23, "costs.file_read_us is '1s'"],
        ["tiers: [0, 150]", "tiers: [0]", 23, "costs.tiers has 1 numbers; accepted: a whole number from 0 to 1000000000 for each tier from 0 to 1"],
        ["tiers: [0, 150]", "tiers: [0, -5]", 23, "costs.tiers has '-5'; accepted: a whole number from 0"],
        ["tiers: [0, 150]", "tiers: 150", 23, "costs.tiers is '150'; accepted: a list of words"],
        ["costs: { access_ns: 100, swap_in_us: 50, file_read_us: 80, scan_ns: 70, tiers: [0, 150] }", "costs: fast", 23, "costs is 'fast'; accepted: keys with values"],
        ["costs: { access_ns: 100, swap_in_us: 50, file_read_us: 80, scan_ns: 70, tiers: [0, 150] }", "", 18, "processes[4].rate goes with costs only"],
        ["rate: 500", "rate: 0", 18, "processes[4].rate is '0'; accepted: a whole number from 1 to"],
        ["populate: true", "populate: yes", 18, "processes[4].populate is 'yes'; accepted: true, false"],
        ["pattern: { kind: walk, pages: 100, step: 3 }", "trace: traces/README.md", 18, "processes[4].populate goes with a pattern only"],
        ["anon: 10 }\n", "anon: 10 }\n---\nname: second\n", 17, "a second document; accepted: one scenario a file"],
        [Valid, "", 0, "is empty; accepted: a scenario"],
        [Valid, "# nothing\n", 0, "is empty; accepted: a scenario"],
        [Valid, "just words\n", 1, "the scenario is 'just words'; accepted: keys with values"],
        [Valid, "- a\n- b\n", 1, "the scenario is a list"],
        [Valid, "name: {{{{{{{{{{{{{{{{{{{{\n", 1, "nested deeper than 16 levels"],
        [Valid, "%YAML 9.9\n---\nname: x\n", 1, "not YAML"],
    ];

    [Test]
    public void TheFileThatTheCasesChangeIsValid() =>
        Assert.That(() => Read(Valid), Throws.Nothing);

    [TestCaseSource(nameof(Cases))]
    public void AMalformedFileGivesOneLineThatNamesWhatWasWrong(string replaced, string by, int line, string words)
    {
        int at = Valid.IndexOf(replaced, StringComparison.Ordinal);
        Assert.That(at, Is.GreaterThanOrEqualTo(0), "the case changes something");
        var thrown = Assert.Throws<ScenarioException>(() => Read(Valid[..at] + by + Valid[(at + replaced.Length)..]));

        string start = line > 0 ? $"{File}:{line}: " : $"{File}: ";
        Assert.That(thrown!.Message, Does.StartWith(start).And.Contains(words));
        Assert.That(thrown.Message.Any(char.IsControl), Is.False, "one printable line");
        Assert.That((thrown.File, thrown.Line), Is.EqualTo((File, (long)line)));
    }

    [Test]
    public void NestingThatWouldOverflowTheStackIsRefused([Values("[", "{", "- ", "? ")] string opening)
    {
        string deep = string.Concat(Enumerable.Repeat(opening, 200_000));
        Assert.That(() => Read(deep), Throws.InstanceOf<ScenarioException>());
    }

    [Test]
    public void TooManyNodesAreRefused()
    {
        string nodes = string.Concat(Enumerable.Repeat("  - { memory: 1p }\n", 65));
        Assert.That(
            () => Read(Valid.Replace("nodes:\n", "nodes:\n" + nodes, StringComparison.Ordinal)),
            Throws.InstanceOf<ScenarioException>().With.Message.Contains("nodes has 67 nodes; accepted: at most 64"));
    }

    [Test]
    public void AFileThatCannotBeReadIsNamed()
    {
        using var scratch = new ScratchDirectory();
        string binary = scratch.Write("binary.yaml", [0x6E, 0xFF, 0xFE]);
        string large = scratch.Write("large.yaml", new byte[(1 << 20) + 1]);

        Assert.That(() => ScenarioReader.Load(binary), Throws.InstanceOf<ScenarioException>().With.Message.EqualTo($"{binary}: is not UTF-8 text"));
        Assert.That(() => ScenarioReader.Load(large), Throws.InstanceOf<ScenarioException>().With.Message.StartsWith($"{large}: has 1048577 bytes"));
        foreach (string path in (string[])[scratch.Path, System.IO.Path.Combine(scratch.Path, "missing.yaml"), "", "a\0b"])
            Assert.That(() => ScenarioReader.Load(path), Throws.InstanceOf<ScenarioException>().With.Message.Contains("cannot be read"), path);
    }

    private static string File { get; } = System.IO.Path.Combine(RepositoryFiles.Scenarios, "bad.yaml");

    private static Scenario Read(string yaml) => ScenarioReader.Parse(yaml, File);
}
