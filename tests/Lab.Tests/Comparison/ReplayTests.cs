using ReclaimNative.Lab.Comparison;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Tests.Scenarios;
using ReclaimNative.Lab.Traces;
using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Tests.Comparison;

public sealed class ReplayTests
{
    private static Trace _trace = null!;

    [OneTimeSetUp]
    public static void Load() => _trace = TraceReader.Load(Path.Combine(RepositoryFiles.Scenarios, "traces", "sqlite-orders.u32.gz"));

    [Test]
    public void FifoMissesTheSameHoweverPagesAreBackedAndAccessed()
    {
        long anon = Replayed("fifo", new ReplayOptions()).Faults;

        Assert.That(Replayed("fifo", new ReplayOptions { AnonPages = 0 }).Faults, Is.EqualTo(anon), "mapped file");
        Assert.That(Replayed("fifo", new ReplayOptions { AnonPages = 0, FileAccess = FileAccessMode.Read }).Faults, Is.EqualTo(anon), "read");
        Assert.That(Replayed("fifo", new ReplayOptions { AnonPages = 3000, FileAccess = FileAccessMode.Read }).Faults, Is.EqualTo(anon), "mixed");
    }

    [TestCase("lru")]
    [TestCase("clock")]
    [TestCase("sieve")]
    public void ExactPoliciesSeeDescriptorAccessesAsTheySeeMappedOnes(string policy)
    {
        long anon = Replayed(policy, new ReplayOptions()).Faults;

        Assert.That(Replayed(policy, new ReplayOptions { AnonPages = 0, FileAccess = FileAccessMode.Read }).Faults, Is.EqualTo(anon));
    }

    [Test]
    public void FilePagesAreNotSwappedAndAnonymousOnesAre()
    {
        ResultRow file = Replayed("classic", new ReplayOptions { AnonPages = 0 });
        ResultRow anon = Replayed("classic", new ReplayOptions());

        Assert.That(CounterOf(file, "pswpout"), Is.Zero);
        Assert.That(CounterOf(file, "pgsteal_file"), Is.EqualTo(file.Reclaimed).And.GreaterThan(0));
        Assert.That(CounterOf(anon, "pswpout"), Is.EqualTo(anon.Reclaimed).And.GreaterThan(0));
        Assert.That(CounterOf(anon, "workingset_refault_anon"), Is.EqualTo(anon.Refaults));
    }

    [TestCase("fifo", false)]
    [TestCase("lru", false)]
    [TestCase("clock", true)]
    [TestCase("sieve", true)]
    public void ScannedPagesAreCountedByTypeWithThoseThatTheHandPassesOver(string policy, bool passesOver)
    {
        ResultRow row = Replayed(policy, new ReplayOptions { AnonPages = 3000 });

        Assert.That(CounterOf(row, "pgscan_anon") + CounterOf(row, "pgscan_file"), Is.EqualTo(row.Scanned));
        Assert.That(CounterOf(row, "pgsteal_anon") + CounterOf(row, "pgsteal_file"), Is.EqualTo(row.Reclaimed));
        Assert.That(CounterOf(row, "pgsteal_anon"), Is.EqualTo(CounterOf(row, "pswpout")).And.GreaterThan(0));
        Assert.That(CounterOf(row, "pgsteal_file"), Is.GreaterThan(0));
        Assert.That(row.Scanned, passesOver ? Is.GreaterThan(row.Reclaimed) : Is.EqualTo(row.Reclaimed));
    }

    [TestCase("mglru", "mglru-walk")]
    [TestCase("mglru", "mglru-lookaround")]
    [TestCase("mglru", "mglru-refault")]
    [TestCase("classic", "classic-refault")]
    [TestCase("classic", "classic+lookaround")]
    public void ASwitchMakesADifference(string policy, string switched) =>
        Assert.That(
            Replayed(switched, new ReplayOptions()).Counters,
            Is.Not.EqualTo(Replayed(policy, new ReplayOptions()).Counters));

    [Test]
    public void NoPolicyFaultsLessThanOptOrKeepsMoreThanItsMemory()
    {
        long opt = Replayed("opt", new ReplayOptions()).Faults;
        foreach (string policy in new[] { "fifo", "lru", "clock", "sieve", "classic", "mglru" })
        {
            ResultRow row = Replayed(policy, new ReplayOptions());
            Assert.That(row.Faults, Is.GreaterThanOrEqualTo(opt), policy);
            Assert.That(row.ResidentMean, Is.LessThanOrEqualTo(1367), policy);
        }
    }

    private static ResultRow Replayed(string policy, ReplayOptions options)
    {
        PolicyChoice choice = PolicyCatalog.Shelf.Parse(policy);
        FutureUse? future = choice.NeedsFuture ? FutureUse.Of(_trace.Accesses.Span, _trace.PackedPages) : null;
        return Replay.Run(_trace, choice, future, 1367, options, null, default);
    }

    private static long CounterOf(ResultRow row, string name) => row.Counters.Single(c => c.Name == name).Value;
}
