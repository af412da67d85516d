using System.Globalization;
using ReclaimNative.Memory;
using ReclaimNative.Tests.Concurrency;

namespace ReclaimNative.Tests.Memory;

public unsafe class NativeBlockTests
{
    private static readonly nuint Page = (nuint)Environment.SystemPageSize;

    [TestCase(1u, 4096u)]
    [TestCase((2u << 20) - 1, 4096u)]
    [TestCase(2u << 20, 2u << 20)]
    [TestCase(5u << 20, 2u << 20)]
    public void ABlockIsZeroAlignedAndWritableToItsLastByte(uint bytes, uint alignment)
    {
        using var block = new NativeBlock(bytes);

        Assert.That((nuint)block.Pointer % alignment, Is.EqualTo((nuint)0));
        Assert.That(block.Pointer[0] | block.Pointer[bytes - 1], Is.Zero);
        block.Pointer[bytes - 1] = 1;
        Assert.That(block.Bytes, Is.EqualTo((nuint)bytes));
    }

    [Test]
    public void ABlockFreedTwiceIsFreedOnce()
    {
        var block = new NativeBlock(10);
        block.Dispose();
        block.Dispose();
        Assert.That(block.Pointer == null, Is.True);
    }

    [Test]
    public void WhatCannotBeReservedIsRefused() =>
        Assert.That(() => new NativeBlock((nuint)1 << 60), Throws.TypeOf<OutOfMemoryException>().With.Message.Contains("errno 12"));

    /// <summary>Debug: what runs over either end meets a page that cannot be touched. Release: no such page is paid for.</summary>
    [TestCase(1u)]
    [TestCase(4096u)]
    [TestCase(10_000u)]
    [TestCase(2u << 20)]
    [TestCase((4u << 20) + 5)]
    public void AGuardPageStandsAtBothEndsInDebugBuildsAlone(uint bytes)
    {
        using var block = new NativeBlock(bytes);
        var first = (nuint)block.Pointer;
        nuint last = first + bytes - 1;
        nuint afterLastPage = (last / Page + 1) * Page;

        Assert.That(AccessAt(first), Is.EqualTo("rw-p"));
        Assert.That(AccessAt(last), Is.EqualTo("rw-p"));
#if DEBUG
        Assert.That(AccessAt(first - 1), Is.EqualTo("---p"));
        Assert.That(AccessAt(afterLastPage), Is.EqualTo("---p"));
#else
        Assert.That(AccessAt(afterLastPage), Is.EqualTo("rw-p"), "the slack of the alignment");
#endif
    }

    [Test]
    public void NothingIsResidentBeforeItIsTouchedAndOnlyThatAfterwards()
    {
        using var block = new NativeBlock(200 * 4096);

        Assert.That(block.ResidentBytes(), Is.EqualTo((nuint)0));
        block.Pointer[0] = 1;
        block.Pointer[7 * Page + 5] = 1;
        block.Pointer[200 * 4096 - 1] = 1;
        Assert.That(block.ResidentBytes(), Is.EqualTo(3 * Page));
    }

    [TestCase(0u, 1u, 1u)]
    [TestCase(4095u, 2u, 2u)]
    [TestCase(4096u, 4096u, 1u)]
    [TestCase(5000u, 4096u, 2u)]
    [TestCase(5000u, 0u, 0u)]
    [TestCase(819_199u, 1u, 1u)]
    [TestCase(0u, 819_200u, 200u)]
    public void PopulatingBacksThePagesOfTheRangeAndNoOther(uint first, uint bytes, uint pages)
    {
        using var block = new NativeBlock(819_200);

        block.Populate(first, bytes);

        Assert.That(block.ResidentBytes(), Is.EqualTo((nuint)(pages * 4096)), "pages of 4 KiB");
        if (bytes == 0)
            return;
        nuint before = block.ResidentBytes();
        block.Pointer[first] = 1;
        block.Pointer[first + bytes - 1] = 1;
        Assert.That(block.ResidentBytes(), Is.EqualTo(before), "the range was backed already");
    }

    /// <summary>More pages than are asked for at a time, some of them huge.</summary>
    [Test]
    public void ALargeBlockIsPopulatedToWithinAHugePage()
    {
        const uint From = 10u << 20;
        const uint Bytes = 30u << 20;
        using var block = new NativeBlock(64u << 20);
        long charged = Environment.WorkingSet;

        block.Populate(From + 12_345, Bytes);

        Assert.That((ulong)block.ResidentBytes(), Is.InRange(Bytes, Bytes + (4u << 20)));
        block.Populate(0, 64u << 20);
        Assert.That(block.ResidentBytes(), Is.EqualTo((nuint)(64u << 20)));
        Assert.That(Environment.WorkingSet - charged, Is.GreaterThan(48L << 20), "memory of its own, not the shared zero page");
    }

    /// <summary>A thread that populates a node's part beside one that uses it already.</summary>
    [Test]
    public void PopulatingLosesNoWrite()
    {
        using var block = new NativeBlock(4096);
        var count = (int*)block.Pointer;
        int done = 0;
        Race.Run(2, id =>
        {
            if (id == 0)
            {
                for (int i = 0; i < 1_000_000; i++)
                    Interlocked.Increment(ref *count);
                Volatile.Write(ref done, 1);
            }
            else
            {
                while (Volatile.Read(ref done) == 0)
                    block.Populate(0, 4096);
            }
        });

        Assert.That(*count, Is.EqualTo(1_000_000));
    }

    /// <summary>The permissions of the mapping that an address is in, from the kernel; empty when it is in none.</summary>
    private static string AccessAt(nuint address)
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            string[] fields = line.Split(' ', 3);
            string[] range = fields[0].Split('-');
            if (address >= Parse(range[0]) && address < Parse(range[1]))
                return fields[1];
        }

        return "";

        static nuint Parse(string hex) => nuint.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
