using System.IO.Compression;
using System.Text;

namespace ReclaimNative.Cli.Tests;

/// <summary>A hundred ways to ask for the impossible: each gets one line that names what was wrong, and no stack trace.</summary>
[Parallelizable(ParallelScope.Children)]
public sealed class BadInputTests
{
    private const int Failed = 1;
    private const int Usage = 2;

    private static string _folder = "";

    [OneTimeSetUp]
    public static void MakeFiles()
    {
        _folder = Directory.CreateTempSubdirectory("reclaim-bad-").FullName;
        Text("good.txt", string.Concat(Enumerable.Range(0, 4000).Select(i => $"{i * 7 % 300}\n")));
        Text("empty.txt", "");
        Text("comments.txt", "# nothing\n\n# at all\n");
        Text("letters.txt", "1\n2\nthree\n");
        Text("negative.txt", "1\n-2\n");
        Text("fraction.txt", "1.5\n");
        Text("mode.txt", "1 R\n2 X\n");
        Text("extra.txt", "1 R 3\n");
        Text("huge.txt", "99999999999999999999999\n");
        Text("hex.txt", "0xZZ\n");
        Text("three.lis", "1 2 3\n");
        Text("words.lis", "a b c d\n");
        Text("minus.lis", "5 -3 0 1\n");
        Text("many.lis", "0 4294967296 0 1\n");
        Text("wrap.lis", "18446744073709551615 2 0 1\n");
        Text("words.lirs", "1\nfoo\n");
        Text("broken.lackey", " L 04222c40\n");
        Text("size.lackey", " L 04222c40,zero\n");
        Text("kind.lackey", " Q 04222c40,8\n");
        Text("address.lackey", " L xyz,8\n");
        Bytes("odd.u32", [1, 2, 3, 4, 5]);
        Bytes("odd.u64", [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        Bytes("odd.be32", [1, 2, 3]);
        Bytes("odd.oracle", new byte[25]);
        Bytes("empty.u32", []);
        Bytes("empty.gz", Gzip([]));
        Bytes("cut.u32.gz", Gzip(new byte[4096])[..^9]);
        Bytes("flipped.u32.gz", Flip(Gzip(new byte[4096])));
        Bytes("notgzip.gz", [0x1f, 0x8b, 1, 2, 3]);
        Bytes("notzstd.zst", [1, 2, 3, 4, 5]);
        Bytes("notxz.xz", [1, 2, 3, 4, 5]);
        Bytes("binary.txt", [0, 255, 3, 128, 10, 7]);
        Text("bad.yaml", "nodes: [\n");
        Text("empty.yaml", "");
        Text("list.yaml", "- 1\n- 2\n");
        Text("unknown.yaml", Scenario("nodez: 1"));
        Text("nonodes.yaml", Scenario("nodes: []"));
        Text("nopages.yaml", Scenario("nodes: [{ memory: 0M }]"));
        Text("nounit.yaml", Scenario("nodes: [{ memory: 64 }]"));
        Text("tiny.yaml", Scenario("nodes: [{ memory: 10p }]"));
        Text("policy.yaml", Scenario("policies: [nosuch]"));
        Text("accesses.yaml", Scenario("accesses: 0"));
        Text("swappiness.yaml", Scenario("swappiness: 300"));
        Text("notrace.yaml", Scenario("processes: [{ name: a, trace: nowhere.u32 }]"));
        Text("pattern.yaml", Scenario("processes: [{ name: a, pattern: { kind: dance, pages: 100 } }]"));
        Text("both.yaml", Scenario("processes: [{ name: a, trace: good.txt, pattern: { kind: uniform, pages: 100 } }]"));
        Text("neither.yaml", Scenario("processes: [{ name: a }]"));
        Text("twins.yaml", Scenario("processes: [{ name: a, pattern: { kind: uniform, pages: 9 } }, { name: a, pattern: { kind: uniform, pages: 9 } }]"));
        Text("memcg.yaml", Scenario("processes: [{ name: a, memcg: /gone, pattern: { kind: uniform, pages: 9 } }]"));
        Text("node.yaml", Scenario("processes: [{ name: a, node: 7, pattern: { kind: uniform, pages: 9 } }]"));
        Directory.CreateDirectory(Path.Combine(_folder, "folder"));
    }

    [OneTimeTearDown]
    public static void RemoveFiles() => Directory.Delete(_folder, recursive: true);

    public static IEnumerable<TestCaseData> Cases()
    {
        // The command line itself.
        yield return Bad(Usage, "nosuch", "nosuch");
        yield return Bad(Usage, "--nosuch", "--nosuch");
        yield return Bad(Usage, "--trace", "compare");
        yield return Bad(Usage, "--trace", "compare --trace");
        yield return Bad(Usage, "--nosuch", "compare --trace good.txt --nosuch");
        yield return Bad(Usage, "--memory", "compare --trace good.txt --memory");
        yield return Bad(Usage, "--policy", "compare --trace good.txt --policy");
        yield return Bad(Usage, "--json", "compare --trace good.txt --json");
        yield return Bad(Usage, "extra", "demo extra");
        yield return Bad(Usage, "extra", "policies extra");
        yield return Bad(Usage, "'run'", "run");
        yield return Bad(Usage, "--memory", "demo --memory 5%");
        yield return Bad(Usage, "--memory", "compare --trace good.txt --memory 5% --memory 6%");

        // Memory sizes.
        foreach ((string size, string named) in new[]
        {
            ("100", "unit"), ("0p", "more than 0"), ("0%", "more than 0"), ("-5%", "negative"), ("-1p", "negative"), ("5x", "\"x\""),
            ("p", "missing"), ("%", "missing"), ("1.5M", "1.5"), ("1,5%", "\"1\""), ("5%,", "empty"), (",5%", "empty"), ("1e3p", "1e3"),
            ("2000%", "1000%"), ("99999999999999999999p", "large"), ("1..5%", "1..5"), ("64MB", "\"B\""), ("0x10p", "0x10"), ("1P", "\"P\""),
            ("5 %", "5 "),
        })
            yield return Bad(Usage, named, $"compare --trace good.txt --memory {size.Replace(' ', '\u00a0')}");

        // Policies.
        foreach ((string policy, string named) in new[]
        {
            ("nosuch", "nosuch"), ("Classic", "Classic"), ("classic,classic", "twice"), ("classic,", "missing"), ("mglru-nosuch", "nosuch"),
            ("fifo+walk", "walk"), ("mglru-bloom-bloom", "twice"), ("mglru@7.9", "mglru@7.9"), ("./mine.so", "./mine.so"), ("mglru-", "''"),
            ("+walk", "missing"), ("classic+pid", "pid"),
        })
            yield return Bad(Usage, named, $"compare --trace good.txt --policy {policy}");

        // Other options.
        yield return Bad(Usage, "nosuch", "compare --trace good.txt --format nosuch");
        yield return Bad(Usage, "abc", "compare --trace good.txt --anon-pages abc");
        yield return Bad(Usage, "-1", "compare --trace good.txt --anon-pages=-1");
        yield return Bad(Usage, "maybe", "compare --trace good.txt --file-access maybe");
        yield return Bad(Usage, "201", "compare --trace good.txt --swappiness 201");
        yield return Bad(Usage, "-1", "compare --trace good.txt --swappiness=-1");
        yield return Bad(Usage, "max", "compare --trace good.txt --swappiness max");
        yield return Bad(Usage, "1.5", "compare --trace good.txt --seed 1.5");
        yield return Bad(Usage, "stdout", "compare --trace good.txt --json - --csv -");
        yield return Bad(Usage, "--html", "compare --trace good.txt --html -");
        yield return Bad(Usage, "nowhere", "compare --trace good.txt --json nowhere/x.json");
        yield return Bad(Usage, "nowhere", "compare --trace good.txt --csv nowhere/x.csv");
        yield return Bad(Usage, "nowhere", "compare --trace good.txt --html nowhere/x.html");
        yield return Bad(Usage, "directory", "compare --trace good.txt --json folder");
        yield return Bad(Usage, "--trace -", "compare --trace - -");

        // Controllers, and single requests.
        yield return Bad(Usage, "nosuch", "run cold-and-hot-tiers --controller nosuch");
        yield return Bad(Usage, "period", "run cold-and-hot-tiers --controller senpai:period=3");
        yield return Bad(Usage, "costs", "run demo --controller senpai");
        yield return Bad(Usage, "--controller", "run cold-and-hot-tiers --at-refaults 10");
        yield return Bad(Usage, "'0'", "run cold-and-hot-tiers --controller senpai --at-refaults 0");
        yield return Bad(Usage, "--scenario", "node 0 16M");
        yield return Bad(Usage, "x", "node x 16M --scenario demo");
        yield return Bad(Usage, "64", "node 64 16M --scenario demo");
        yield return Bad(Usage, "unit", "node 0 16 --scenario demo");
        yield return Bad(Usage, "0p", "node 0 0p --scenario demo");
        yield return Bad(Usage, "201", "node 0 16M --scenario demo --swappiness 201");
        yield return Bad(Usage, "clean", "node 0 16M --scenario demo --type clean");
        yield return Bad(Usage, "evictt", "node 0 16M --scenario demo --mode evictt");
        yield return Bad(Usage, "--min-idle", "node 0 16M --scenario demo --min-idle 60");
        yield return Bad(Usage, "--time-limit", "node 0 16M --scenario demo --time-limit 0s");
        yield return Bad(Usage, "--scan-limit", "node 0 16M --scenario demo --scan-limit 0");
        yield return Bad(Usage, "3000001", "node 0 16M --scenario demo --at 3000001");
        yield return Bad(Usage, "one policy", "node 0 16M --scenario demo --policy classic,mglru");
        yield return Bad(Failed, "0 to 1", "node 2 16M --scenario demo --at 1");
        yield return Bad(Failed, "/nosuch", "node 0 16M --scenario demo --at 1 --memcg /nosuch");
        yield return Bad(Failed, "nosuch", "node 0 16M --scenario nosuch");

        // Traces.
        foreach ((string file, string named) in new[]
        {
            ("nowhere.u32", "nowhere.u32"), ("folder", "folder"), ("empty.txt", "empty.txt"), ("comments.txt", "comments.txt"),
            ("letters.txt", "line 3"), ("negative.txt", "line 2"), ("fraction.txt", "fraction.txt"), ("mode.txt", "line 2"), ("extra.txt", "extra.txt"),
            ("huge.txt", "huge.txt"), ("hex.txt", "hex.txt"), ("three.lis", "line 1"), ("words.lis", "line 1"), ("minus.lis", "line 1"),
            ("many.lis", "line 1"), ("wrap.lis", "line 1"), ("words.lirs", "line 2"), ("broken.lackey", "line 1"), ("size.lackey", "line 1"),
            ("kind.lackey", "line 1"), ("address.lackey", "line 1"), ("odd.u32", "odd.u32"), ("odd.u64", "odd.u64"), ("odd.be32", "odd.be32"),
            ("empty.u32", "empty.u32"), ("empty.gz", "empty.gz"), ("cut.u32.gz", "cut.u32.gz"), ("flipped.u32.gz", "flipped.u32.gz"),
            ("notgzip.gz", "notgzip.gz"), ("notzstd.zst", "notzstd.zst"), ("notxz.xz", "notxz.xz"), ("binary.txt", "binary.txt"),
        })
            yield return Bad(Failed, named, $"compare --trace {file} --memory 10%");
        yield return Bad(Failed, "odd.oracle", "compare --trace odd.oracle --format oracle");
        yield return Bad(Failed, "good.txt", "compare --trace good.txt --format oracle");
        yield return Bad(Failed, "letters.txt", "compare --trace good.txt letters.txt");
        yield return Bad(Usage, "damon", "compare --trace good.txt --format damon");

        // Scenarios.
        foreach ((string file, string named) in new[]
        {
            ("nowhere.yaml", "nowhere.yaml"), ("nosuchname", "nosuchname"), ("folder", "folder"), ("bad.yaml", "bad.yaml"), ("empty.yaml", "empty.yaml"),
            ("list.yaml", "list.yaml"), ("unknown.yaml", "nodez"), ("nonodes.yaml", "nodes"), ("nopages.yaml", "0M"), ("nounit.yaml", "unit"),
            ("tiny.yaml", "256"), ("accesses.yaml", "accesses"), ("swappiness.yaml", "300"), ("notrace.yaml", "nowhere.u32"),
            ("pattern.yaml", "dance"), ("both.yaml", "pattern"), ("neither.yaml", "pattern"), ("twins.yaml", "'a'"), ("memcg.yaml", "/gone"),
            ("node.yaml", "7"),
        })
            yield return Bad(Failed, named, $"run {file}");
        yield return Bad(Failed, "nosuch", "run policy.yaml");
        yield return Bad(Usage, "opt", "run demo --policy opt");
        yield return Bad(Usage, "201", "run demo --swappiness 201");
    }

    [TestCaseSource(nameof(Cases))]
    public void GetsOneLineThatNamesWhatWasWrong(int exitCode, string named, string arguments)
    {
        CommandRun run = CommandRun.Of(_folder, null, [.. arguments.Split(' ').Select(a => a.Replace('\u00a0', ' '))]);

        Assert.That(run.ErrorLines, Has.Length.EqualTo(1), $"one line on stderr, not: {run.Error}");
        Assert.That(run.ErrorLines[0], Does.StartWith("reclaim: ").And.Contain(named));
        Assert.That(run.Error, Does.Not.Contain("   at ").And.Not.Contain("Exception"), "no stack trace");
        Assert.That(run.ExitCode, Is.EqualTo(exitCode));
        Assert.That(run.Output, Is.Empty, "nothing on stdout");
    }

    [Test]
    public void ThereAreAHundredOfThem() => Assert.That(Cases().Count(), Is.GreaterThanOrEqualTo(100));

    private static TestCaseData Bad(int exitCode, string named, string arguments) =>
        new TestCaseData(exitCode, named, arguments).SetArgDisplayNames(arguments);

    private static string Scenario(string replaced)
    {
        Dictionary<string, string> lines = new()
        {
            ["name"] = "name: bad",
            ["summary"] = "summary: none",
            ["seed"] = "seed: 1",
            ["accesses"] = "accesses: 1000",
            ["policies"] = "policies: [fifo]",
            ["nodes"] = "nodes: [{ memory: 64M }]",
            ["processes"] = "processes: [{ name: a, pattern: { kind: uniform, pages: 100 } }]",
        };
        lines[replaced.Split(':')[0]] = replaced;
        return string.Join('\n', lines.Values) + "\n";
    }

    private static void Text(string name, string content) => Bytes(name, Encoding.UTF8.GetBytes(content));

    private static void Bytes(string name, byte[] content) => File.WriteAllBytes(Path.Combine(_folder, name), content);

    private static byte[] Gzip(byte[] content)
    {
        using MemoryStream packed = new();
        using (GZipStream stream = new(packed, CompressionLevel.Fastest))
            stream.Write(content);
        return packed.ToArray();
    }

    private static byte[] Flip(byte[] packed)
    {
        packed[^6] ^= 0x55;
        return packed;
    }
}
