using ReclaimNative.Lab.Fidelity;
using ReclaimNative.Lab.Results;

namespace ReclaimNative.Lab.Tests.Fidelity;

/// <summary>The rule that brings a replay to a kernel's residency.</summary>
public sealed class EqualResidencyTests
{
    [Test]
    public void AResidencyThatFollowsTheMemoryTakesFewReplays()
    {
        int replays = 0;
        Match found = EqualResidency.Find(1000, memory =>
        {
            replays++;
            return Row(memory, memory - 50, 10_000 - memory);
        });

        Assert.That(found.Row.ResidentMean, Is.EqualTo(1000), "the misses fall with memory, so the median is in the middle");
        Assert.That(found.Within, Is.EqualTo(9));
        Assert.That(replays, Is.LessThan(12));
    }

    [Test]
    public void OfScatteredReplaysThatFitTheOneWithMedianMissesCounts()
    {
        long[] fitting = [1006, 1033, 1060];
        Match found = EqualResidency.Find(1000, memory => fitting.Contains(memory) ? Row(memory, 998, memory % 7) : Row(memory, 900, 1));

        Assert.That(found.Within, Is.EqualTo(3));
        Assert.That(found.Row.Faults, Is.EqualTo(fitting.Select(m => m % 7).Order().ElementAt(1)));
    }

    [Test]
    public void WhereNoneFitsTheNearestIsTakenAndToldSo()
    {
        Match found = EqualResidency.Find(1000, memory => Row(memory, memory == 1025 ? 990 : 900, 1));

        Assert.That((found.Row.MemoryPages, found.Within), Is.EqualTo((1025, 0)));
    }

    [Test]
    public void ARunThatEndedForWantOfMemoryDoesNotFit()
    {
        Match found = EqualResidency.Find(1000, memory => Row(memory, 1000, 1) with { Oom = memory != 1021 });

        Assert.That((found.Row.MemoryPages, found.Within), Is.EqualTo((1021, 1)));
    }

    [Test]
    public void NoMemoryIsLessThanAPage()
    {
        EqualResidency.Find(2, memory =>
        {
            Assert.That(memory, Is.Positive);
            return Row(memory, memory + 30, 1);
        });
    }

    private static ResultRow Row(long memory, double resident, long faults) => new()
    {
        Trace = "t",
        Policy = "p",
        MemoryPages = memory,
        Accesses = 1,
        UniquePages = 1,
        Sees = Sees.Bits,
        Refaults = faults,
        ColdFaults = 0,
        ResidentMean = resident,
    };
}
