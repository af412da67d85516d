using ReclaimNative.Lab.Comparison;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Tests.Scenarios;
using ReclaimNative.Lab.Traces;
using ReclaimNative.Machine;
using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Tests.Comparison;

/// <summary>
/// Every mechanism off and on, under every version, on a recorded trace of which half is a file. A replay validates its
/// engine at the end, so a combination that breaks something fails here.
/// </summary>
public sealed class SwitchTests
{
    private static Trace _trace = null!;

    [OneTimeSetUp]
    public static void Load() => _trace = TraceReader.Load(Path.Combine(RepositoryFiles.Scenarios, "traces", "sqlite-orders.u32.gz"));

    private static IEnumerable<string> Combinations()
    {
        foreach (PolicyDescriptor policy in PolicyCatalog.Shelf.All.Where(p => p.Supports != Mechanism.None))
        {
            yield return policy.Name;
            foreach (Mechanism mechanism in MechanismsOf(policy.Supports))
                yield return policy.Name + Sign(policy, mechanism) + PolicyShelf.NameOf(mechanism);
            yield return policy.Name + string.Concat(MechanismsOf(policy.Supports).Select(m => Sign(policy, m) + PolicyShelf.NameOf(m)));
            foreach (KernelVersion version in policy.HasVersions ? Enum.GetValues<KernelVersion>() : [])
                yield return $"{policy.Name}@{KernelVersions.NameOf(version)}";
        }

        yield return "classic+walk+lookaround";
        yield return "classic@6.1+walk-bloom";
        yield return "mglru@6.1-pid-tiers";
        yield return "mglru@6.12-bloom-lookaround";
    }

    [TestCaseSource(nameof(Combinations))]
    public void EveryCombinationRunsAndLeavesAValidEngine(string policy)
    {
        ResultRow row = Run(policy);

        Assert.That(row.Faults, Is.InRange(_trace.UniquePages, _trace.Count / 2));
        Assert.That(row.Policy, Is.EqualTo(policy));
    }

    [TestCase("mglru", "mm_leaf_total", "-walk")]
    [TestCase("classic+walk", "mm_leaf_total", "-walk")]
    [TestCase("mglru", "workingset_activate_anon", "-refault")]
    [TestCase("classic", "workingset_activate_anon", "-refault")]
    public void WhatIsOffDoesNotRun(string policy, string counter, string off)
    {
        string without = policy.EndsWith("+walk", StringComparison.Ordinal) ? policy[..^5] : policy + off;

        Assert.That(CounterOf(Run(policy), counter), Is.GreaterThan(0));
        Assert.That(CounterOf(Run(without), counter), Is.Zero);
    }

    [TestCase("mglru", "mglru-lookaround")]
    [TestCase("mglru", "mglru-walk")]
    [TestCase("mglru", "mglru-pid")]
    [TestCase("mglru", "mglru@6.1")]
    [TestCase("mglru@6.1", "mglru@6.12")]
    [TestCase("classic", "classic+walk")]
    [TestCase("classic", "classic+lookaround")]
    [TestCase("mglru", "mglru-bloom")]
    [TestCase("classic+walk", "classic+walk+bloom")]
    [TestCase("classic", "classic-cost")]
    [TestCase("classic", "classic@6.1")]
    [TestCase("classic", "classic@6.18")]
    public void ASwitchAndAVersionMakeADifference(string one, string other) =>
        Assert.That(Run(one).Counters, Is.Not.EqualTo(Run(other).Counters));

    [Test]
    public void TheSameChoiceGivesTheSameRun() => Assert.That(Run("mglru@6.1").Counters, Is.EqualTo(Run("mglru@6.1").Counters));

    private static string Sign(PolicyDescriptor policy, Mechanism mechanism) => (policy.Defaults & mechanism) != 0 ? "-" : "+";

    private static IEnumerable<Mechanism> MechanismsOf(Mechanism set) =>
        Enum.GetValues<Mechanism>().Where(m => m != Mechanism.None && (set & m) != 0);

    private static long CounterOf(ResultRow row, string name) => row.Counters.Single(c => c.Name == name).Value;

    private static ResultRow Run(string policy) => Replay.Run(
        _trace, PolicyCatalog.Shelf.Parse(policy), null, _trace.UniquePages / 4, new ReplayOptions { AnonPages = 2000 }, null, default);
}
