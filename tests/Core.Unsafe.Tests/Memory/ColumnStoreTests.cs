using ReclaimNative.Memory;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Memory;

public unsafe class ColumnStoreTests
{
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
    public void NothingIsReservedAfterTheSeal()
    {
        using var store = new ColumnStore();
        Column<int> column = store.Reserve<int>("a", 3);
        store.Seal();

        Assert.That(() => store.Reserve<int>("b", 3), Throws.InvalidOperationException);
        Assert.That(column.Length, Is.EqualTo((nuint)3));
        Assert.That(store.Costs, Is.EqualTo(new[] { new ColumnCost("a", 4, 3) }));
    }

    [Test]
    public void AnEngineReservesNothingOnceItIsBuilt()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("mglru"));
        int columns = engine.Machine.Columns.Count;

        engine.CreateAddressSpace("s", 1000, engine.CreateMemcg("m"));
        engine.CreateFile(10);

        Assert.That(engine.Machine.Columns, Has.Count.EqualTo(columns));
    }
}
