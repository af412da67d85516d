using ReclaimNative.Bindings.Handles;

namespace ReclaimNative.Bindings.Tests;

internal sealed class HandleTableTests
{
    private sealed class Thing : HandleEntry
    {
        public override string Kind => "a thing";
    }

    [Test]
    public void AHandleFindsItsEntryUntilItIsRemoved()
    {
        var table = new HandleTable();
        Thing[] things = [.. Enumerable.Range(0, 100).Select(_ => new Thing())];
        foreach (Thing thing in things)
            Assert.That(table.TryAdd(thing), Is.True);
        Assert.That(things.Select(t => t.Handle), Is.Unique);
        foreach (Thing thing in things)
            Assert.That(table.Find(thing.Handle), Is.SameAs(thing));

        table.Remove(things[40]);
        Assert.That(table.Find(things[40].Handle), Is.Null);
        Assert.That(table.Find(things[41].Handle), Is.SameAs(things[41]));
    }

    [Test]
    public void AnIndexThatIsTakenAgainHasAnotherHandle()
    {
        var table = new HandleTable();
        var seen = new HashSet<ulong>();
        for (int i = 0; i < 1000; i++)
        {
            var thing = new Thing();
            table.TryAdd(thing);
            Assert.That(seen.Add(thing.Handle), Is.True, "a handle is given out once");
            Assert.That(thing.Handle & 0xffffff, Is.Zero, "there is always a free index");
            table.Remove(thing);
        }

        Assert.That(seen.Select(table.Find), Has.All.Null);
    }

    [Test]
    public void AnIndexWithoutGenerationsLeftIsRetired()
    {
        var table = new HandleTable();
        var last = new Thing();
        table.SkipGenerations(0, uint.MaxValue - 1);
        table.TryAdd(last);
        table.Remove(last);

        var next = new Thing();
        table.TryAdd(next);
        Assert.That(next.Handle & 0xffffff, Is.EqualTo(1ul));
        Assert.That(table.Find(last.Handle), Is.Null);
    }

    [Test]
    public void NoHandleIsAnAddressThatAProgramCanHave()
    {
        var table = new HandleTable();
        var thing = new Thing();
        table.TryAdd(thing);
        Assert.That(thing.Handle >> 47, Is.GreaterThan(0ul).And.LessThan(0x1fffful), "neither the lower nor the upper half of the address space");
    }

    [Test]
    public void RemovingTwiceGivesTheIndexBackOnce()
    {
        var table = new HandleTable();
        var first = new Thing();
        table.TryAdd(first);
        table.Remove(first);
        table.Remove(first);
        Thing[] next = [new(), new()];
        foreach (Thing thing in next)
            table.TryAdd(thing);
        Assert.That(next.Select(t => t.Handle), Is.Unique);
        Assert.That(table.Find(next[0].Handle), Is.SameAs(next[0]));
    }

    [Test]
    public void LookupsBesideGrowthAndRemovalNeverFindTheWrongEntry()
    {
        var table = new HandleTable();
        var kept = new Thing();
        table.TryAdd(kept);
        bool stop = false;
        Task<int> reader = Task.Run(() =>
        {
            int wrong = 0;
            while (!Volatile.Read(ref stop))
                wrong += ReferenceEquals(table.Find(kept.Handle), kept) ? 0 : 1;
            return wrong;
        });
        for (int round = 0; round < 200; round++)
        {
            Thing[] things = [.. Enumerable.Range(0, 200).Select(_ => new Thing())];
            foreach (Thing thing in things)
                table.TryAdd(thing);
            foreach (Thing thing in things)
                table.Remove(thing);
        }

        Volatile.Write(ref stop, true);
        Assert.That(reader.Result, Is.Zero);
    }
}
