namespace ReclaimNative.Bindings.Tests;

/// <summary>examples/python/reclaim_demo.py, where there is a Python.</summary>
internal sealed class PythonExampleTests
{
    /// <summary>An LRU in Python over the demo's own trace.</summary>
    private const string PlainLru = """
        import collections, reclaim_demo
        resident, faults = collections.OrderedDict(), 0
        for word in reclaim_demo.trace(4000, 200_000):
            page = word & ~reclaim_demo.WRITE
            faults += page not in resident
            resident[page] = True
            resident.move_to_end(page)
            if len(resident) > 1000:
                resident.popitem(last=False)
        print(faults)
        """;

    private static string Folder => Path.Combine(Repository.Root, "examples", "python");

    [SetUp]
    public void NeedsPython()
    {
        if (!Command.Exists("python3"))
            Assert.Ignore("python3 is not installed.");
    }

    [Test]
    public void PoliciesDifferOnItsTraceAndExactLruIsExact()
    {
        string demo = Python(Path.Combine(Folder, "reclaim_demo.py"), PublishedLibrary.File);
        long[] lru = Example.Numbers(demo, "lru"), sieve = Example.Numbers(demo, "sieve"), mglru = Example.Numbers(demo, "mglru");
        Assert.Multiple(() =>
        {
            Assert.That(lru[0], Is.EqualTo(long.Parse(Python("-c", PlainLru))));
            Assert.That(sieve[0], Is.LessThan(lru[0]), "a page that is read once does not drive out one in use");
            Assert.That(mglru[0], Is.Not.EqualTo(lru[0]));
            Assert.That(lru[1], Is.InRange(1, lru[0] - 1), "the callback in Python was asked for dirty pages and for clean ones");
            Assert.That(Example.Numbers(demo, "the ")[1..], Has.Length.InRange(8, 71).And.All.LessThan(4000), "victims of the preview");
            Assert.That(Example.Numbers(demo, "the ")[1..], Is.Unique);
            Assert.That(demo, Does.Contain("refused: RECLAIM_E_RANGE: Word 0 names page 4000"));
        });
    }

    private static string Python(params string[] arguments)
    {
        // -B: no compiled files beside the sources.
        Ended run = Command.Run(Folder, TimeSpan.FromMinutes(2), "python3", ["-B", .. arguments]);
        Assert.That(run.Code, Is.Zero, run.ToString);
        Assert.That(run.Errors, Is.Empty);
        return run.Output;
    }
}
