using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies.Bad;

/// <summary>
/// docs/bad-policies.md says how each policy of the corpus ends: its table is computed here, by running every one with
/// mglru as the fallback, and mglru alone, over the same accesses.
/// </summary>
public class BadPolicyTableTests
{
    private const string Begin = "<!-- computed -->";
    private const string End = "<!-- /computed -->";
    private const int Max = 300;
    private const uint Pages = 1500;
    private const int Accesses = 40_000;
    private const int Seed = 1;

    /// <summary>The corpus, each with what it does, to follow its name.</summary>
    private static readonly (PolicyDefinition Policy, string Did)[] Corpus =
    [
        (PolicyDefinition.Of<Allocates>(), "allocates managed memory in every isolation"),
        (PolicyDefinition.Of<Withholds>(), "never proposes a page"),
        (PolicyDefinition.Of<Pretends>(), "says that it has examined pages without end, and never proposes one"),
        (PolicyDefinition.Of<Refuses>(), "has no budget, ever"),
        (PolicyDefinition.Of<KeepsAll>(), "proposes pages, and then keeps each that it is asked about"),
        (PolicyDefinition.Of<ReturnsForeign>(), "proposes pages of another cgroup"),
        (PolicyDefinition.Of<ReturnsFree>(), "proposes frames that are free, or beyond the machine"),
        (PolicyDefinition.Of<Repeats>(), "proposes each page five times"),
        (PolicyDefinition.Of<EvictsAll>(), "evicts all that there is, whatever was asked for"),
        (PolicyDefinition.Of<Loops>(), "goes round its list as long as helpers answer"),
        (PolicyDefinition.Of<CorruptsItself>(), "follows garbage in its own state: lists, flags and frames at random"),
        (PolicyDefinition.Of<Throws>(), "throws in the middle of an isolation"),
        (PolicyDefinition.Of<ThrowsInNotices>(), "throws in the middle of a fault, with the page locked"),
        (PolicyDefinition.Of<Overreaches>(), "uses more state than it declared"),
        (PolicyDefinition.Of<WrongPlace>(), "isolates, walks and moves from notices and inspections"),
        (PolicyDefinition.Of<HidesFolios>(), "isolates into a batch of its own and empties the core's"),
        (PolicyDefinition.Of<Overwrites>(), "writes over the parameters of the reclaim"),
        (PolicyDefinition.Of<Forgets>(), "places nothing"),
        (PolicyDefinition.Of<Babbles>(), "answers verdicts that do not exist, and throws when asked for a dump"),
    ];

    [Test]
    public void ThePageSaysHowEachEnds()
    {
        string path = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../../../docs/bad-policies.md"));
        string page = File.ReadAllText(path);
        int from = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int to = page.IndexOf(End, StringComparison.Ordinal);
        string computed = Table();
        if (Environment.GetEnvironmentVariable("RECLAIM_WRITE_DOCS") == "1")
            File.WriteAllText(path, page[..from] + computed + page[to..]);
        else
            Assert.That(page[from..to], Is.EqualTo(computed), "run this test with RECLAIM_WRITE_DOCS=1 to bring the page up to date");
    }

    /// <summary>The table promises an end for each: a policy that is not ejected here does not belong in it.</summary>
    [Test]
    public void EachIsEjectedAndCostsLessThanATenthMoreMisses()
    {
        long alone = Run(SmallMachine.Policy("mglru")).Misses;
        foreach ((PolicyDefinition policy, _) in Corpus)
        {
            (PolicyReport report, long until, long misses) = Run(policy);
            Assert.That(report.Ejection, Is.Not.Null, policy.Name);
            Assert.That(until, Is.InRange(1, Accesses), policy.Name);
            Assert.That(misses, Is.InRange(alone * 9 / 10, alone * 11 / 10), policy.Name);
        }
    }

    private static string Table()
    {
        long alone = Run(SmallMachine.Policy("mglru")).Misses;
        StringBuilder text = new("\n| policy | what it does | what the core does | overrides | accesses until ejection | misses | mglru alone | extra |\n");
        text.Append("|---|---|---|---|---:|---:|---:|---:|\n");
        foreach ((PolicyDefinition policy, string did) in Corpus)
        {
            (PolicyReport report, long until, long misses) = Run(policy);
            PolicyOverride[] kinds = [.. Enum.GetValues<PolicyOverride>().Where(k => report[k] > 0)];
            string answers = string.Join("; ", kinds.Select(Answer).Distinct());
            string counts = string.Join(", ", kinds.Select(k => string.Create(CultureInfo.InvariantCulture, $"{k} {report[k]}")));
            string end = report.Ejection is { } ejection ? $"; ejected for {ejection.Cause}{(ejection.Operation == PolicyOperation.None ? "" : $" in {ejection.Operation}")}" : "";
            double extra = 100.0 * (misses - alone) / alone;
            text.Append(CultureInfo.InvariantCulture, $"| `{policy.Name}` | {did} | {answers}{end} | {counts} | {until} | {misses} | {alone} | {extra:+0.00;-0.00;0.00} % |\n");
        }

        return text.ToString();
    }

    /// <summary>What the core does about an override of a kind, each time.</summary>
    private static string Answer(PolicyOverride kind) => kind switch
    {
        PolicyOverride.NotItsFolio or PolicyOverride.OutOfRange or PolicyOverride.BatchFull or PolicyOverride.WrongOperation => "the helper does nothing",
        PolicyOverride.NotPlaced => "places the folio itself",
        PolicyOverride.BadAnswer => "takes the default answer",
        PolicyOverride.Endless or PolicyOverride.TooMany => "ends the visit",
        PolicyOverride.OutOfFuel => "helpers do nothing for the rest of the call",
        PolicyOverride.Tampered => "puts back what it knows",
        PolicyOverride.Allocated or PolicyOverride.TooSlow => "counts it",
        PolicyOverride.KeptAll or PolicyOverride.Withheld => "looks for room again before it refuses anybody",
        PolicyOverride.Threw => "catches it and takes the default answer",
        _ => "keeps the page",
    };

    private static (PolicyReport Report, long Until, long Misses) Run(PolicyDefinition policy)
    {
        PolicyDefinition fallback = SmallMachine.Policy("mglru");
        using var engine = new Engine(SmallMachine.Options(policy) with { Fallback = policy.Name == fallback.Name ? null : fallback });

        // Pages of another cgroup have the first frames: they are what a policy gets hold of that counts from 0.
        AccessTally tally = default;
        AddressSpace other = engine.CreateAddressSpace("other", 100, engine.CreateMemcg("other", policy: fallback.Name));
        for (uint page = 0; page < 100; page++)
            engine.Access(other, [page], ref tally);
        MemoryCgroup memcg = engine.CreateMemcg("m");
        engine.SetMax(memcg, Max);
        AddressSpace space = engine.CreateAddressSpace("s", Pages, memcg);
        var random = new Random(Seed);
        tally = default;
        long until = 0;
        for (int step = 1; step <= Accesses; step++)
        {
            engine.Access(space, [(uint)(random.NextDouble() * random.NextDouble() * random.NextDouble() * Pages)], ref tally);
            if (until == 0 && engine.PolicyReports[0].Ejection is not null)
                until = step;
        }

        Assert.That(tally.Refused, Is.Zero, policy.Name);
        Assert.That(engine.Validate(), Is.Null, policy.Name);
        return (engine.PolicyReports[0], until, tally.ColdFaults + tally.Refaults);
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
