using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Mechanisms;

public class MemcgWalkTests
{
    private Engine _engine = null!;
    private MemoryCgroup _a = null!;

    /// <summary>A tree / a(b(c) d) e.</summary>
    [SetUp]
    public void Build()
    {
        _engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        _a = _engine.CreateMemcg("a");
        MemoryCgroup b = _engine.CreateMemcg("b", _a);
        _engine.CreateMemcg("e");
        _engine.CreateMemcg("c", b);
        _engine.CreateMemcg("d", _a);
    }

    [TearDown]
    public void Dispose() => _engine.Dispose();

    [Test]
    public void APrivateWalkIsPreOrderOverTheWholeSubtree()
    {
        Assert.That(Visit(new MemcgWalk(_engine.Root, null)), Is.EqualTo("/ /a /a/b /a/b/c /a/d /e"));
        Assert.That(Visit(new MemcgWalk(_a, null)), Is.EqualTo("/a /a/b /a/b/c /a/d"));
        Assert.That(Visit(new MemcgWalk(_engine.Memcgs[3], null)), Is.EqualTo("/e"));
    }

    [Test]
    public void ASharedWalkAloneSeesOneRound()
    {
        var cookie = new WalkCookie();

        Assert.That(Visit(new MemcgWalk(_engine.Root, cookie)), Is.EqualTo("/ /a /a/b /a/b/c /a/d /e"));
        Assert.That(cookie.Generation, Is.EqualTo(1));
        Assert.That(Visit(new MemcgWalk(_engine.Root, cookie)), Is.EqualTo("/ /a /a/b /a/b/c /a/d /e"));
    }

    [Test]
    public void TheNextReclaimerGoesOnWhereTheOneBeforeStopped()
    {
        var cookie = new WalkCookie();

        Assert.That(Visit(new MemcgWalk(_engine.Root, cookie), 2), Is.EqualTo("/ /a"));
        Assert.That(Visit(new MemcgWalk(_engine.Root, cookie), 2), Is.EqualTo("/a/b /a/b/c"));
        Assert.That(Visit(new MemcgWalk(_engine.Root, cookie), 9), Is.EqualTo("/a/d /e"), "the end of the round ends its walk");
        Assert.That(Visit(new MemcgWalk(_engine.Root, cookie), 1), Is.EqualTo("/"), "the next round");
    }

    [Test]
    public void TwoReclaimersAtOnceShareOneRoundFairly()
    {
        var cookie = new WalkCookie();
        var first = new MemcgWalk(_engine.Root, cookie);
        var second = new MemcgWalk(_engine.Root, cookie);
        List<string> seen = [];
        bool firstGoes = true;
        bool secondGoes = true;
        while (firstGoes || secondGoes)
        {
            if (firstGoes && (firstGoes = first.MoveNext(out MemoryCgroup one)))
                seen.Add(one.Path);
            if (secondGoes && (secondGoes = second.MoveNext(out MemoryCgroup two)))
                seen.Add(two.Path);
        }

        Assert.That(string.Join(' ', seen), Is.EqualTo("/ /a /a/b /a/b/c /a/d /e"), "each cgroup once, in turn");
    }

    [Test]
    public void AReclaimerThatComesAtTheEndOfARoundSeesAtLeastOneCgroup()
    {
        var cookie = new WalkCookie();
        Visit(new MemcgWalk(_engine.Root, cookie), 6);
        Assert.That(cookie.Position!.Path, Is.EqualTo("/e"), "the last of the round, whose end nobody has seen");

        Assert.That(Visit(new MemcgWalk(_engine.Root, cookie), 9), Is.EqualTo("/ /a /a/b /a/b/c /a/d /e"));
    }

    [Test]
    public void ARoundThatEndsUnderAReclaimerEndsItsWalk()
    {
        var cookie = new WalkCookie();
        var slow = new MemcgWalk(_engine.Root, cookie);
        slow.MoveNext(out _);
        Visit(new MemcgWalk(_engine.Root, cookie));

        Assert.That(slow.MoveNext(out _), Is.False, "the other finished the round");
    }

    private static string Visit(MemcgWalk walk, int most = 100)
    {
        List<string> paths = [];
        while (paths.Count < most && walk.MoveNext(out MemoryCgroup memcg))
            paths.Add(memcg.Path);
        return string.Join(' ', paths);
    }
}
