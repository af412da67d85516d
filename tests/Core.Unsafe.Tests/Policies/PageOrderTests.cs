using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies;

/// <summary>Orders over pages, as a policy reaches them.</summary>
public sealed class PageOrderTests
{
    private Engine _engine = null!;
    private MemoryCgroup _memcg = null!;
    private AddressSpace _space = null!;
    private AddressSpace _foreign = null!;
    private PolicyView _view = null!;

    [SetUp]
    public void Create()
    {
        _engine = SmallMachine.WithRoom(SmallMachine.Policy("arc"));
        _memcg = _engine.CreateMemcg("m");
        _space = _engine.CreateAddressSpace("s", 1000, _memcg);
        _foreign = _engine.CreateAddressSpace("foreign", 1000, _engine.CreateMemcg("other"));
        _view = _engine.Host.ViewOf(_memcg, _engine.Nodes[0]);
    }

    [TearDown]
    public void Destroy() => _engine.Dispose();

    private long Overrides => _engine.Read(_engine.Root, Counter.policy_overrides);

    [Test]
    public void AfterEveryOperationTwoOrdersAreThoseOfAModel([Range(1, 4)] int seed)
    {
        var random = new Random(seed);
        PageOrder[] orders = [_view.Order(0), _view.Order(1)];
        List<uint>[] models = [[], []];
        for (int step = 0; step < 3000; step++)
        {
            int at = random.Next(2);
            uint page = _space.BaseSlot + (uint)random.Next(40);
            List<uint> model = models[at];
            switch (random.Next(5))
            {
                case 0:
                    Assert.That(orders[at].Remove(page), Is.EqualTo(model.Remove(page)));
                    break;
                case 1:
                    models[0].Remove(page);
                    models[1].Remove(page);
                    Assert.That(orders[at].AddHead(page), Is.True);
                    model.Insert(0, page);
                    break;
                case 2:
                    models[0].Remove(page);
                    models[1].Remove(page);
                    Assert.That(orders[at].AddTail(page), Is.True);
                    model.Add(page);
                    break;
                case 3 when model.Count > 0:
                    uint neighbour = model[random.Next(model.Count)];
                    if (neighbour == page)
                        break;
                    models[0].Remove(page);
                    models[1].Remove(page);
                    Assert.That(orders[at].InsertTowardHead(page, neighbour), Is.True);
                    model.Insert(model.IndexOf(neighbour), page);
                    break;
                case 4 when random.Next(20) == 0:
                    int limit = random.Next(30);
                    Assert.That(orders[at].Trim(limit), Is.EqualTo(limit));
                    model.RemoveRange(Math.Min(limit, model.Count), Math.Max(0, model.Count - limit));
                    break;
            }

            for (int i = 0; i < 2; i++)
            {
                Assert.That(FromHead(orders[i]), Is.EqualTo(models[i]), $"seed {seed}, step {step}, order {i}");
                Assert.That(FromTail(orders[i]).Reverse(), Is.EqualTo(models[i]));
                Assert.That(orders[i].Count, Is.EqualTo(models[i].Count));
                Assert.That(orders[i].Contains(page), Is.EqualTo(models[i].Contains(page)));
            }
        }

        Assert.That(Overrides, Is.Zero);
    }

    [Test]
    public void APageOfAnotherCgroupIsRefused()
    {
        PageOrder order = _view.Order(0);

        Assert.That(order.AddHead(_foreign.BaseSlot), Is.False);
        Assert.That(order.AddTail(_foreign.BaseSlot), Is.False);
        Assert.That(order.AddHead(uint.MaxValue), Is.False, "nor one that there is not");
        Assert.That(order.Count, Is.Zero);
        Assert.That(Overrides, Is.EqualTo(3));

        Assert.That(order.Contains(_foreign.BaseSlot) || order.Contains(uint.MaxValue) || order.Remove(_foreign.BaseSlot), Is.False);
        Assert.That(Overrides, Is.EqualTo(3), "to ask is no fault");
    }

    [Test]
    public void ANeighbourThatIsNotOnTheOrderIsRefused()
    {
        uint page = _space.BaseSlot;
        _view.Order(1).AddHead(page + 1);

        Assert.That(_view.Order(0).InsertTowardHead(page, page + 1), Is.False, "on another order");
        Assert.That(_view.Order(0).InsertTowardHead(page, page + 2), Is.False, "on none");
        Assert.That(_view.Order(1).InsertTowardHead(page + 1, page + 1), Is.False, "the page itself");
        Assert.That(_view.Order(0).TowardHead(page + 1), Is.EqualTo(PolicyView.None));
        Assert.That(Overrides, Is.EqualTo(4));
        Assert.That(FromHead(_view.Order(1)), Is.EqualTo(new[] { page + 1 }));
    }

    [Test]
    public void OneCallTakesAtMost64PagesOff()
    {
        PageOrder order = _view.Order(0);
        for (uint i = 0; i < 100; i++)
            order.AddHead(_space.BaseSlot + i);

        Assert.That(order.Trim(10), Is.EqualTo(36));
        Assert.That(order.Tail, Is.EqualTo(_space.BaseSlot + 64), "the oldest first");
        Assert.That(order.Trim(10), Is.EqualTo(10));
        Assert.That(order.Trim(20), Is.EqualTo(20));
        Assert.That(order.Count, Is.EqualTo(10));
    }

    private static IEnumerable<uint> FromHead(PageOrder order)
    {
        for (uint page = order.Head; page != PolicyView.None; page = order.TowardTail(page))
            yield return page;
    }

    private static IEnumerable<uint> FromTail(PageOrder order)
    {
        for (uint page = order.Tail; page != PolicyView.None; page = order.TowardHead(page))
            yield return page;
    }
}
