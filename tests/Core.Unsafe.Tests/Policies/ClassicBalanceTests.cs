using ReclaimNative.Frames;
using ReclaimNative.Policies;

namespace ReclaimNative.Tests.Policies;

public class ClassicBalanceTests
{
    [TestCase("100 100 400 400", "68 68 368 368", "0 0 100 100")]
    [TestCase("320 320 1280 640", "256 256 1216 576", "0 0 204 70")]
    [TestCase("64 0 64 0", "32 0 32 0", "0 0 0 0")]
    [TestCase("400 400 100 100", "368 368 68 68", "100 100 0 0", Description = "the same the other way round")]
    public void TheStopRuleCutsTheLargerTypeToTheSmallersShare(string target, string left, string after)
    {
        long[] remaining = Numbers(left);

        bool goesOn = ClassicPolicy.StopRule(Numbers(target), remaining);

        Assert.That(goesOn, Is.True);
        Assert.That(remaining, Is.EqualTo(Numbers(after)), "kernel-reclaim 13.3");
    }

    [TestCase("0 0 10 10")]
    [TestCase("10 10 0 0")]
    public void TheStopRuleStopsWhenATypeIsUsedUp(string left) =>
        Assert.That(ClassicPolicy.StopRule(Numbers("100 100 100 100"), Numbers(left)), Is.False);

    // Pages of the type, and the ratio of active to inactive that its size allows.
    [TestCase(25_600, 1)]
    [TestCase(1 << 18, 3)]
    [TestCase(2 << 18, 4)]
    [TestCase(4 << 18, 6)]
    [TestCase(10 << 18, 10)]
    [TestCase(64 << 18, 25)]
    [TestCase(100 << 18, 31)]
    [TestCase(1024 << 18, 101)]
    [TestCase(10240L << 18, 320)]
    public void TheInactiveListIsLowBelowTheShareThatTheSizeOfTheTypeAllows(long pages, int ratio)
    {
        long most = pages / (ratio + 1);

        Assert.That(IsLow(most + 1), Is.False, "kernel-reclaim 2.6");
        Assert.That(IsLow(most - 1), Is.True);

        bool IsLow(long inactive)
        {
            bool anon = ClassicPolicy.InactiveIsLow(new LruSizes(inactive, pages - inactive, pages, 0), FolioType.Anon);
            bool file = ClassicPolicy.InactiveIsLow(new LruSizes(pages, 0, inactive, pages - inactive), FolioType.File);
            Assert.That(anon, Is.EqualTo(file), "each type by its own lists");
            return anon;
        }
    }

    private static long[] Numbers(string text) => [.. text.Split(' ').Select(long.Parse)];
}
