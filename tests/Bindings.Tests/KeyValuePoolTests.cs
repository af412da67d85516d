namespace ReclaimNative.Bindings.Tests;

/// <summary>bench/Consumers/kv, a key-value store's buffer pool, on a small tree: what it counts, not how long it takes.</summary>
internal sealed class KeyValuePoolTests
{
    private Dictionary<string, long[]> _standings = [];

    [OneTimeSetUp]
    public void Run()
    {
        string sources = Path.Combine(Repository.Root, "bench", "Consumers", "kv");
        string program = Path.Combine(PublishedLibrary.Folder, "kv");
        Ended built = Command.Gcc(
            PublishedLibrary.Workplace,
            "-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", Path.Combine(sources, "kv.c"), Path.Combine(sources, "pool.c"),
            Path.Combine(sources, "workload.c"), "-o", program, "-Iout/include", "-Lout", "-lreclaim", "-lm", "-Wl,-rpath,$ORIGIN");
        Assert.That(built.Code, Is.Zero, built.ToString);

        Ended run = Command.Run(PublishedLibrary.Workplace, TimeSpan.FromMinutes(2), program, "20000", "60000", "1", "10", "lru", "sieve", "mglru");
        Assert.That(run.Code, Is.Zero, run.ToString);
        TestContext.Out.WriteLine(run.Output);
        _standings = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split('\t'))
            .ToDictionary(f => string.Join(' ', f[..4]), f => f[4..8].Select(long.Parse).ToArray());
    }

    [TestCase("lru page_out 32 1", "own plain 0 1")]
    [TestCase("lru page_out 1 1", "own plain 0 1")]
    [TestCase("lru propose 32 32", "own plain 0 32")]
    [TestCase("lru propose 1 32", "own plain 0 32")]
    public void TheLibrarysLruHasTheHitsAndWritesOfAPlainOne(string library, string plain) =>
        Assert.That(_standings[library], Is.EqualTo(_standings[plain]), "operations, gets, hits, writes");

    [TestCase("sieve page_out")]
    [TestCase("sieve propose")]
    [TestCase("mglru page_out")]
    [TestCase("mglru propose")]
    public void WhatIsReportedLateIsDecidedTheSame(string policy)
    {
        string evict = policy.EndsWith("propose", StringComparison.Ordinal) ? "32" : "1";
        Assert.That(_standings[$"{policy} 32 {evict}"], Is.EqualTo(_standings[$"{policy} 1 {evict}"]), "a batch is known before anybody goes");
        Assert.That(_standings[$"{policy} 32 {evict}"][2], Is.GreaterThan(_standings["own plain 0 1"][2] * 9 / 10));
    }

    [Test]
    public void ScansDriveOutLessUnderSieve() =>
        Assert.That(_standings["sieve page_out 32 1"][2], Is.GreaterThan(_standings["own plain 0 1"][2]));
}
