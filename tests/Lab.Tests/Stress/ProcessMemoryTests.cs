using System.Runtime.InteropServices;
using ReclaimNative.Lab.Stress;

namespace ReclaimNative.Lab.Tests.Stress;

public sealed unsafe class ProcessMemoryTests
{
    [Test]
    [NonParallelizable]
    public void ResidentBytesGrowByWhatIsTouchedAndNotByWhatIsReserved()
    {
        const int bytes = 256 << 20;
        long before = ProcessMemory.ResidentBytes();
        byte* block = (byte*)NativeMemory.Alloc(bytes);
        long reserved = ProcessMemory.ResidentBytes();
        NativeMemory.Fill(block, bytes, 1);
        long touched = ProcessMemory.ResidentBytes();
        NativeMemory.Free(block);

        Assert.That(reserved - before, Is.LessThan(bytes / 2));
        Assert.That(touched - reserved, Is.EqualTo(bytes).Within(20).Percent);
    }

    [Test]
    public void SomeOfTheMachineIsAvailable() =>
        Assert.That(ProcessMemory.AvailableBytes(), Is.InRange(1L << 20, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes));
}
