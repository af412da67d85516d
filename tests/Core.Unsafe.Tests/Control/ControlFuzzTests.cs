using System.Diagnostics;
using System.Globalization;
using System.Text;
using ReclaimNative.Control;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Control;

/// <summary>
/// Every parser of what is written to control files against <see cref="ControlOracle"/>, on texts that are nearly right, changed texts and random
/// bytes; and the whole tree on the same texts, of which one that is refused must leave the engine as it was.
/// </summary>
public class ControlFuzzTests
{
    private const int Grammars = 9;

    /// <summary>What texts are put together from: words of every grammar, and what borders on them.</summary>
    private static readonly string[] Words =
    [
        "0", "1", "2", "3", "4", "7", "8", "16", "24", "31", "32", "60", "64", "199", "200", "201", "202", "4096", "8192", "010", "08", "0x", "0x10", "0X1f", "0xg", "007",
        "4294967295", "4294967296", "9007199254740991", "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "0xffffffffffffffff1",
        "500000", "1000000", "10000000", "10000001", "K", "M", "k", "m", "G", "T", "P", "E", "e", "B", "KB", "max", "MAX", "-", "+", "--", ".", ",", ";", "\n", " ", " ", " ", " ", "\t", "\v", "\f", "\r",
        "  ", "\0", "=", "swappiness", "swappiness=", " swappiness=60", " swappiness=max", "swappiness=0x10", "swappiness=-0", "nodes=0", "0-1", "0,2", "0-2", "2-0", "some", "full", "some ", "full ", "Some",
        "+ 0 0 3", "- 0 0 1", "+1 0", "on", "off", "y", "n", "true", "No", "\u0085", "\u00a0", "\u00ff", "x", "_", "1M", "64K", "0 - 0 0", "1 60 0 2",
    ];

    private static readonly string[] Seeds =
    [
        "1M swappiness=60", "4096", "64K swappiness=max swappiness=10", "0x10000", "max\n", "100 60 1 2", "0-1 100 - 0 8", "0,2 0x40 max 1 4", "+ 0 0 3 60 1", "- 1 0 1 200 64;+ 1 0 3", "-0 0 0 max",
        "some 150000 1000000", "full 50000 500000\n", "5000\n", "y\n", "0x0007", "off", "true\n", "12K\n", "200",
    ];

    /// <summary>
    /// The forms of each grammar: N is a number, F a small one, U a unit, W a swappiness, B blanks, D nodes, M a cgroup, Z what ends a text; what is in small
    /// letters stands for itself.
    /// </summary>
    private static readonly string[][] Forms =
    [
        ["NUZ", "NUBswappiness=WZ", "NUBswappiness=WBswappiness=WZ", "BNU swappiness=FZ"],
        ["NBWBMBFZ", "FBWBMBFZ"],
        ["DBNBWBMBFZ", "DBFBWBMBFZ"],
        ["+BFBFBFZ", "-BFBFBNBWZ", "+FBFBFBWBFZ", "-BFBFBFBWBN;+FBFBNZ", ",+FBFBF\n;-BNBNBNBWZ"],
        ["NUZ", "maxZ", "NU"],
        ["NZ", "FZ"],
        ["NZ", "yZ", "nZ", "FZ"],
        ["yZ", "onZ", "offZ", "FZ", "falseZ"],
        ["someBNBNZ", "fullBFBNZ", "someBF000BN", "fullBF000BF0000Z"],
    ];

    private static readonly string[] Swappinesses = ["max", "-", "0", "1", "60", "200", "201", "202", "0x3c", "074", "+5", "-0", "-1", "99999", "4294967296", "MAX", ""];

    [TestCase(1)]
    [TestCase(2)]
    public void EveryParserAgreesWithTheOracle(int seed) => Compare(seed, 30_000, false);

    [Test]
    public void WhatIsRefusedLeavesTheEngineAsItWas() => WriteToTree(3, 4000, 8);

    /// <summary>Ten million texts and more, by `dotnet test -c Release tests/Core.Unsafe.Tests --filter Name=TenMillionTexts`.</summary>
    [Test]
    [Explicit("takes minutes")]
    [Category("Soak")]
    public void TenMillionTexts()
    {
        var clock = Stopwatch.StartNew();
        Compare(2026, 10_000_000, true);
        TestContext.Out.WriteLine($"parsers: {clock.Elapsed.TotalSeconds:F0} s");
        clock.Restart();
        WriteToTree(2026, 300_000, 64);
        TestContext.Out.WriteLine($"tree: {clock.Elapsed.TotalSeconds:F0} s");
    }

    private static void Compare(int seed, int count, bool tells)
    {
        using Engine engine = Build();
        var random = new Random(seed);
        int[] accepted = new int[Grammars];
        int[] tried = new int[Grammars];
        for (int i = 0; i < count; i++)
        {
            int grammar = i % Grammars;
            string text = Text(random, grammar);
            KernelVersion kernel = (KernelVersion)random.Next(4);
            string expected = Expected(grammar, text, kernel);
            string actual = Actual(engine, grammar, Encoding.Latin1.GetBytes(text), kernel);
            if (expected != actual)
                Assert.Fail($"seed {seed}, text {i}, grammar {grammar}, profile {kernel}: '{Escaped(text)}' is {actual}, and {expected} by the oracle");
            tried[grammar]++;
            accepted[grammar] += expected.EndsWith("EINVAL", StringComparison.Ordinal) || expected.EndsWith("ERANGE", StringComparison.Ordinal) || expected.Length == 0 ? 0 : 1;
        }

        if (tells)
            TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} texts, seed {seed}; accepted of each grammar: {string.Join(", ", accepted.Zip(tried, (a, t) => $"{100.0 * a / t:F1} %"))}"));
        Assert.That(accepted, Is.All.GreaterThan(count / Grammars / 16), "each grammar accepts some");
    }

    private static string Expected(int grammar, string text, KernelVersion kernel) => grammar switch
    {
        0 => ControlOracle.Reclaim(text, kernel),
        1 => ControlOracle.Request(text, 2, 0),
        2 => ControlOracle.Request(text, 2, 3),
        3 => ControlOracle.Commands(text, kernel),
        4 => ControlOracle.Limit(text, kernel),
        5 => ControlOracle.UpTo(text, uint.MaxValue),
        6 => ControlOracle.Generations(text),
        7 => ControlOracle.Switch(text),
        _ => ControlOracle.Trigger(text, kernel),
    };

    private static string Actual(Engine engine, int grammar, byte[] text, KernelVersion kernel)
    {
        try
        {
            return grammar switch
            {
                0 => Show(ReclaimText.Parse(text, kernel, null)),
                1 => ShowRequest(RequestText.Parse(text, engine.Memcgs, default)),
                2 => ShowRequest(RequestText.ParseWithNodes(text, engine.Memcgs, engine.Nodes.Count)),
                3 => Commands(text, kernel),
                4 => ByteAmount.ParseLimit(text, kernel) is var pages && pages == MemoryCgroup.Unlimited ? "none" : $"{pages}",
                5 => $"{MemoryFiles.ParseMilliseconds(text)}",
                6 => $"{(int)MemoryFiles.ParseGenerations(text)}",
                7 => $"{MemoryFiles.ParseSwitch(text)}",
                _ => Show(PressureTriggerText.Parse(Encoding.Latin1.GetString(text), kernel)),
            };
        }
        catch (ControlException refusal)
        {
            return NameOf(refusal);
        }
        catch (EngineException)
        {
            return "EINVAL";
        }
    }

    private static string Commands(byte[] text, KernelVersion kernel)
    {
        ReadOnlySpan<byte> rest = ControlText.UpToNul(text);
        var done = new List<string>();
        try
        {
            while (LruGenCommand.TryTake(ref rest, kernel, out LruGenCommand c))
                done.Add($"{(c.Ages ? '+' : '-')} {c.Memcg} {c.Node} {c.Generation} {Swappiness(c.Swappiness)} {c.Option}");
        }
        catch (ControlException refusal)
        {
            done.Add(NameOf(refusal));
        }

        return string.Join('|', done);
    }

    private static string NameOf(ControlException refusal) => refusal.Error switch
    {
        ControlError.Invalid => "EINVAL",
        ControlError.Range => "ERANGE",
        _ => refusal.Error.ToString(),
    };

    private static string Swappiness(int? swappiness) => swappiness is { } value ? $"{value}" : "own";

    private static string Show(ReclaimRequest? request) => request is null ? "nothing" : $"{request.Pages} {Swappiness(request.Swappiness)}";

    private static string ShowRequest(ReclaimRequest? r) =>
        r is null ? "nothing" : $"{r.Pages} {Swappiness(r.Swappiness)} {r.Memcg?.Id ?? 0} {r.Types} {r.Mode} {r.Nodes.Mask}";

    private static string Show(PressureTriggerText trigger) =>
        $"{(trigger.Stall == PressureStall.Some ? "some" : "full")} {trigger.ThresholdUs} {trigger.WindowUs}";

    /// <summary>Writes each text to some file; of what is refused as malformed, one in <paramref name="stride"/> is looked at for traces.</summary>
    private static void WriteToTree(int seed, int count, int stride)
    {
        using Engine engine = Build();
        var tree = new ControlTree(engine);
        AddressSpace space = engine.CreateAddressSpace("s", 900, engine.Memcgs[1]);
        uint[] pages = [.. Enumerable.Range(0, 900).Select(i => (uint)i)];
        var random = new Random(seed);
        var tally = default(AccessTally);
        ControlEntry[] files = [.. All(tree, "").Where(e => e.IsWritable)];
        int done = 0;
        int refused = 0;
        for (int i = 0; i < count; i++)
        {
            if (i % 50 == 0)
                engine.Access(space, pages, ref tally);
            string text = Text(random, random.Next(Grammars));
            ControlEntry entry = files[random.Next(files.Length)];
            bool looks = i % stride == 0;
            string before = looks ? Digest(engine, tree) : "";
            using ControlFile file = tree.Open(entry.Path);
            try
            {
                file.Write(Encoding.Latin1.GetBytes(text));
                done++;
            }
            catch (ControlException refusal)
            {
                refused++;
                bool isWhole = !entry.Path.EndsWith("lru_gen", StringComparison.Ordinal) || !text.AsSpan().ContainsAny(",;\n");
                if (looks && isWhole && refusal.Error is ControlError.Invalid or ControlError.Range or ControlError.NotSupported)
                    Assert.That(Digest(engine, tree), Is.EqualTo(before), $"seed {seed}, text {i}: {entry.Path} refused '{Escaped(text)}'");
            }

            engine.NowMs++;
            if (looks)
                Assert.That(engine.Validate(), Is.Null, $"seed {seed}, text {i}: '{Escaped(text)}' to {entry.Path}");
        }

        Assert.That((done, refused), Is.GreaterThan((count / 100, count / 100)), "some are accepted and some refused");
    }

    /// <summary>All that the tree says, and more than it says of counters.</summary>
    private static string Digest(Engine engine, ControlTree tree)
    {
        var text = new StringBuilder();
        foreach (ControlEntry entry in All(tree, "").Where(e => e.IsReadable))
        {
            using ControlFile file = tree.Open(entry.Path);
            text.Append(entry.Path).Append('\n').Append(file.Read());
        }

        foreach (Observe.Counter counter in Enum.GetValues<Observe.Counter>())
            text.Append(CultureInfo.InvariantCulture, $"{engine.ReadMachine(counter)} ");
        return text.ToString();
    }

    private static IEnumerable<ControlEntry> All(ControlTree tree, string directory) =>
        tree.List(directory).SelectMany(e => e.IsDirectory ? All(tree, e.Path) : [e]);

    private static Engine Build()
    {
        var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("mglru"), SmallMachine.Policy("fifo")) with
        {
            Nodes = [new NodeOptions(400), new NodeOptions(400), new NodeOptions(600, 1)],
            Pressure = true,
        });
        engine.CreateMemcg("a");
        return engine;
    }

    /// <summary>A text in a form of a grammar, such a text with some of it changed, words in a row, or random bytes.</summary>
    private static string Text(Random random, int grammar)
    {
        switch (random.Next(8))
        {
            case 0:
                byte[] bytes = new byte[random.Next(24)];
                random.NextBytes(bytes);
                return Encoding.Latin1.GetString(bytes);
            case 1:
                var words = new StringBuilder();
                for (int i = random.Next(9); i > 0; i--)
                    words.Append(Words[random.Next(Words.Length)]).Append(random.Next(3) == 0 ? " " : "");
                return words.ToString();
            case 2:
                return Changed(Seeds[random.Next(Seeds.Length)], random);
            case < 5:
                return Changed(Filled(Forms[grammar][random.Next(Forms[grammar].Length)], random), random);
            default:
                return Filled(Forms[grammar][random.Next(Forms[grammar].Length)], random);
        }
    }

    private static string Filled(string form, Random random)
    {
        var text = new StringBuilder();
        foreach (char field in form)
        {
            text.Append(field switch
            {
                'N' => Numbered(random),
                'F' => InSomeBase(random.Next(random.Next(2) == 0 ? 4 : 40), random),
                'U' => random.Next(2) == 0 ? "" : "KMGTPEkmgtpeBx".Substring(random.Next(14), 1),
                'W' => Swappinesses[random.Next(Swappinesses.Length)],
                'B' => random.Next(30) switch { < 4 => "\t", < 8 => "  ", 8 => "\n", 9 => "", _ => " " },
                'M' => InSomeBase(random.Next(10) == 0 ? 2 : random.Next(2), random),
                'D' => random.Next(4) switch { 0 => "0-2", 1 => "0,2", 2 => "1-3", _ => InSomeBase(random.Next(4), random) },
                'Z' => random.Next(4) switch { 0 => "", 1 => " ", 2 => "\0x", _ => "\n" },
                _ => field.ToString(),
            });
        }

        return text.ToString();
    }

    private static string Numbered(Random random)
    {
        ulong value = random.Next(3) switch
        {
            0 => (ulong)random.NextInt64() >> random.Next(64),
            1 => (1UL << random.Next(64)) - (ulong)random.Next(2),
            _ => (ulong)random.Next(10_000_002),
        };
        return InSomeBase(value, random) + (random.Next(30) == 0 ? "00000000000" : "");
    }

    private static string InSomeBase(long value, Random random) => InSomeBase((ulong)value, random);

    private static string InSomeBase(ulong value, Random random) => random.Next(6) switch
    {
        0 => string.Create(CultureInfo.InvariantCulture, $"0x{value:x}"),
        1 => "0" + Convert.ToString((long)value, 8),
        _ => value.ToString(CultureInfo.InvariantCulture),
    };

    private static string Changed(string text, Random random)
    {
        for (int i = random.Next(4); i > 0; i--)
        {
            int at = random.Next(text.Length + 1);
            int end = Math.Min(text.Length, at + random.Next(3));
            string put = random.Next(3) switch
            {
                0 => "",
                1 => ((char)random.Next(256)).ToString(),
                _ => Words[random.Next(Words.Length)],
            };
            text = text[..at] + put + text[end..];
        }

        return text;
    }

    private static string Escaped(string text) => string.Concat(text.Select(c => c is >= ' ' and <= '~' ? c.ToString() : $"\\x{(int)c:x2}"));
}
