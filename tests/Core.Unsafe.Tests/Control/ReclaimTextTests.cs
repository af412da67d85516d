using System.Text;
using ReclaimNative.Control;
using ReclaimNative.Machine;

namespace ReclaimNative.Tests.Control;

/// <summary>The kernel's grammar of reclaim files: every input of the table in kernel-reclaim 6.3, and what versions differ in.</summary>
public class ReclaimTextTests
{
    private const int Own = -1;

    [TestCase("4096", 1, Own)]
    [TestCase("4096\n", 1, Own)]
    [TestCase("0", 0, Own)]
    [TestCase("1", 0, Own)]
    [TestCase("4095", 0, Own)]
    [TestCase("8192", 2, Own)]
    [TestCase("64K", 16, Own)]
    [TestCase("1M", 256, Own)]
    [TestCase("1m", 256, Own)]
    [TestCase(" 4096", 1, Own)]
    [TestCase("4096 ", 1, Own)]
    [TestCase("0x1000", 1, Own)]
    [TestCase("010000", 1, Own)]
    [TestCase("1M swappiness=0", 256, 0)]
    [TestCase("1M swappiness=60", 256, 60)]
    [TestCase("1M swappiness=200", 256, 200)]
    [TestCase("1M swappiness=max", 256, ReclaimRequest.AnonOnly)]
    [TestCase("1M  swappiness=0", 256, 0)]
    [TestCase("1M\tswappiness=0", 256, 0)]
    [TestCase("1M\nswappiness=0", 256, 0)]
    [TestCase("1Mswappiness=0", 256, 0)]
    [TestCase("1M swappiness=0 swappiness=10", 256, 10)]
    [TestCase("1M swappiness=0x10", 256, 16)]
    [TestCase("1M swappiness=010", 256, 8)]
    [TestCase("1G", 262144, Own)]
    [TestCase("1t", 268435456, Own)]
    [TestCase("1P", 1L << 38, Own)]
    [TestCase("1E", 1L << 48, Own)]
    [TestCase("1M swappiness=-0", 256, 0)]
    [TestCase("1M\0 foo", 256, Own, Description = "a text ends at its first NUL")]
    public void IsAccepted(string text, long pages, int swappiness)
    {
        foreach (KernelVersion kernel in new[] { KernelVersion.V6_18, KernelVersion.Fixed })
        {
            ReclaimRequest? request = Parse(text, kernel);

            Assert.That(request?.Pages ?? 0, Is.EqualTo(pages));
            if (request is null)
                continue;
            Assert.That(request.Swappiness ?? Own, Is.EqualTo(swappiness));
            Assert.That(request.Overshoots, "as the kernel's files do");
            Assert.That(request.BatchPages, Is.EqualTo(long.MaxValue));
            Assert.That((request.Types, request.Mode), Is.EqualTo((ReclaimTypes.Any, ReclaimMode.Auto)));
        }
    }

    [TestCase("\n", "amount")]
    [TestCase("", "amount")]
    [TestCase("foo", "'foo'")]
    [TestCase("-4096", "'-4096'")]
    [TestCase("+4096", "'+4096'")]
    [TestCase("1.5M", "'.5M'")]
    [TestCase("1MB", "'B'")]
    [TestCase("1KB", "'B'")]
    [TestCase("1Kx", "'x'")]
    [TestCase("1M foo", "'foo'")]
    [TestCase("4K 4K", "'4K'")]
    [TestCase("swappiness=0", "'swappiness=0'")]
    [TestCase("swappiness=0 1M", "'swappiness=0 1M'")]
    [TestCase("1M swappiness", "'swappiness'")]
    [TestCase("1M swappiness=", "'swappiness='")]
    [TestCase("1M swappiness=abc", "'swappiness=abc'")]
    [TestCase("1M swappiness=-1", "out of range")]
    [TestCase("1M swappiness=+5", "'swappiness=+5'")]
    [TestCase("1M swappiness=201", "out of range")]
    [TestCase("1M swappiness=99999999999", "out of range")]
    [TestCase("1M swappiness=MAX", "'swappiness=MAX'")]
    [TestCase("1M swappiness= 0", "'swappiness='")]
    [TestCase("1M swappiness=0,", "'swappiness=0,'")]
    [TestCase("1M SWAPPINESS=0", "'SWAPPINESS=0'")]
    [TestCase("1M swappiness=0\tswappiness=1", @"'swappiness=0\tswappiness=1'")]
    [TestCase("1M nodes=0", "'nodes=0'")]
    [TestCase("08", "'8'")]
    [TestCase("0x", "'x'")]
    [TestCase("1M swappiness=18446744073709551621", "out of range", Description = "2^64 + 5")]
    public void IsRefusedWithTheWordAtFault(string text, string names)
    {
        foreach (KernelVersion kernel in new[] { KernelVersion.V6_12, KernelVersion.V6_18, KernelVersion.Fixed })
        {
            ControlException refusal = Assert.Throws<ControlException>(() => Parse(text, kernel))!;

            Assert.That(refusal.Error, Is.EqualTo(ControlError.Invalid));
            Assert.That(refusal.Message, Does.Contain(names).And.Contain("accepted"));
        }
    }

    [Test]
    public void MaximalSwappinessCameAfter612()
    {
        Assert.That(() => Parse("1M swappiness=max", KernelVersion.V6_12), Throws.TypeOf<ControlException>());
        Assert.That(Parse("1M swappiness=200", KernelVersion.V6_12)!.Swappiness, Is.EqualTo(200));
    }

    [TestCase("", long.MaxValue / 4096)]
    [TestCase("\n", long.MaxValue / 4096)]
    [TestCase("1M", 256)]
    [TestCase(" 0x2000\n", 2)]
    [TestCase("4095", 0)]
    public void TheFirstFormTakesTheAmountAloneAndNothingForEverything(string text, long pages) =>
        Assert.That(Parse(text, KernelVersion.V6_1)?.Pages ?? 0, Is.EqualTo(pages));

    [TestCase("1M swappiness=0")]
    [TestCase("1M x")]
    [TestCase("max")]
    public void TheFirstFormRefusesWhatFollows(string text) =>
        Assert.That(() => Parse(text, KernelVersion.V6_1), Throws.TypeOf<ControlException>());

    [TestCase("18446744073709555712", 1, Description = "2^64 + 4096")]
    [TestCase("16E", 0, Description = "2^64")]
    [TestCase("0x10000000000002000", 2)]
    public void AnAmountThatDoesNotFitWrapsRoundInTheKernelsAndIsRefusedInOurs(string text, long pages)
    {
        Assert.That(Parse(text, KernelVersion.V6_18)?.Pages ?? 0, Is.EqualTo(pages));
        Assert.That(Assert.Throws<ControlException>(() => Parse(text, KernelVersion.Fixed))!.Message, Does.Contain("64 bits"));
    }

    [Test]
    public void ARequestNamesTheCgroupOrTheNodeOfItsFile()
    {
        ReclaimRequest request = ReclaimText.Parse("1M"u8, KernelVersion.Fixed, null, NodeSet.OfMask(4))!;

        Assert.That((request.Memcg, request.Nodes), Is.EqualTo(((MemoryCgroup?)null, NodeSet.OfMask(4))));
    }

    private static ReclaimRequest? Parse(string text, KernelVersion kernel) => ReclaimText.Parse(Encoding.Latin1.GetBytes(text), kernel, null);
}
