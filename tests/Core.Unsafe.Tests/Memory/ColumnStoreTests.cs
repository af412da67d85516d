using ReclaimNative.Memory;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Memory;

public unsafe class ColumnStoreTests
{
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
    public void TheBytesOfAColumnAreItsElements()
    {
        using var store = new ColumnStore();
        Column<uint> first = store.Reserve<uint>("first", 1000);
        Column<ushort> second = store.Reserve<ushort>("second", 0);

        Assert.That(store.BytesOf(0).Pointer == first.Pointer, Is.True);
        Assert.That(store.BytesOf(0).Length, Is.EqualTo((nuint)4000));
        Assert.That(store.BytesOf(1).Pointer == second.Pointer, Is.True);
        Assert.That(store.BytesOf(1).Length, Is.EqualTo((nuint)2));
    }

    [Test]
    public void AShareOfAColumnIsPopulatedInElements()
    {
        using var store = new ColumnStore();
        store.Reserve<ulong>("a", 100 * 512);
        store.Reserve<byte>("b", 100 * 4096);

        store.Populate(0, 10 * 512, 20 * 512);
        Assert.That(store.ResidentBytes(0), Is.EqualTo(20 * 4096UL));
        Assert.That(store.ResidentBytes(1), Is.Zero);
        store.Populate(1, 4095, 2);
        Assert.That(store.ResidentBytes(1), Is.EqualTo(2 * 4096UL));
        Assert.That(store.ResidentBytes(), Is.EqualTo(22 * 4096UL));
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
