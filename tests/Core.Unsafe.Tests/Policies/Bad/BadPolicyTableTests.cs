using System.Globalization;
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
    private const int Max = 300;
    private const uint Pages = 1500;
    private const int Accesses = 40_000;
    private const int Seed = 1;

    [Test]
    public void ThePageSaysHowEachEnds()
    {
        ComputedPage.Says("bad-policies.md", Table());
    }

    /// <summary>The table promises an end for each: a policy that is not ejected here does not belong in it.</summary>
    [Test]
    public void EachIsEjectedAndCostsLessThanATenthMoreMisses()
    {
        long alone = Run(SmallMachine.Policy("mglru")).Misses;
        foreach ((PolicyDefinition policy, _, _) in BadPolicy.Corpus)
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
        foreach ((PolicyDefinition policy, _, string did) in BadPolicy.Corpus)
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
}
