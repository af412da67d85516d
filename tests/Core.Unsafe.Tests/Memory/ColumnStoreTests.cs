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

    /// <summary>Pages used here or there, in both, in neither, and such as are zero again; the last one is cut short by the end of the column.</summary>
    [Test]
    public void WhatAnotherStoreHoldsIsTakenOverToTheLastByte([Values] bool byStream)
    {
        using ColumnStore from = Random(1);
        using ColumnStore to = Random(2);
        using ColumnStore kept = Random(2);
        if (byStream)
        {
            using var stream = new MemoryStream();
            var writer = new SnapshotWriter(stream);
            from.Write(writer, "kept");
            writer.End();
            stream.Position = 0;
            var reader = new SnapshotReader(stream);
            to.Read(reader, "kept");
            reader.ReadEnd();
        }
        else
        {
            to.CopyFrom(from, "kept");
        }

        for (int column = 0; column < 3; column++)
        {
            ColumnStore like = column == 1 ? kept : from;
            Assert.That(Bytes(to, column).SequenceEqual(Bytes(like, column)), Is.True, $"column {column}");
        }
    }

    private static ReadOnlySpan<byte> Bytes(ColumnStore store, int column) => new(store.BytesOf(column).Pointer, (int)store.BytesOf(column).Length);

    private static ColumnStore Random(int seed)
    {
        var random = new Random(seed);
        var store = new ColumnStore();
        store.Reserve<byte>("first", 1000 * 4096);
        store.Reserve<byte>("kept", 10 * 4096);
        store.Reserve<ulong>("last", (3 << 20) + 5);
        for (int column = 0; column < 3; column++)
        {
            Column<byte> bytes = store.BytesOf(column);
            for (nuint page = 0; page < bytes.Length; page += 4096)
            {
                var here = new Span<byte>(bytes.Pointer + page, (int)nuint.Min(4096, bytes.Length - page));
                if (random.Next(3) == 0)
                    random.NextBytes(here);
                else if (random.Next(2) == 0)
                    here.Clear();
            }

            bytes[bytes.Length - 1] = (byte)seed;
        }

        return store;
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
