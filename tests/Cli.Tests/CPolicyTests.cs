using System.Text.Json;

namespace ReclaimNative.Cli.Tests;

/// <summary>Policies written in C, by the path of their library.</summary>
public sealed class CPolicyTests
{
    private static string _folder = "";

    [OneTimeSetUp]
    public static void Compile()
    {
        _folder = Directory.CreateTempSubdirectory("reclaim-c-").FullName;
        string policies = Path.Combine(CPolicyLibrary.Root, "examples", "policies");
        Gcc(Path.Combine(policies, "fifo.c"), "cfifo.so");
        Gcc(Path.Combine(policies, "s3fifo.c"), "cs3fifo.so");
        File.WriteAllText(Path.Combine(_folder, "other.c"), "int other(void);\nint other(void) { return 1; }\n");
        Gcc("other.c", "other.so");
        File.WriteAllText(Path.Combine(_folder, "text.so"), "no library\n");
        File.WriteAllText(Path.Combine(_folder, "trace.txt"), string.Concat(Enumerable.Range(0, 4000).Select(i => $"{(long)i * i * 7 % 300}\n")));
    }

    [OneTimeTearDown]
    public static void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void CompareRunsThemBesideTheOthers()
    {
        CommandRun run = CommandRun.Of(
            _folder, null, "compare", "--trace", "trace.txt", "--format", "text", "--memory", "30p", "--policy", "fifo,./cfifo.so,cs3fifo.so", "--json", "-");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        using JsonDocument document = JsonDocument.Parse(run.Output);
        JsonElement[] rows = [.. document.RootElement.GetProperty("results").EnumerateArray()];
        Assert.That(rows.Select(r => $"{r.GetProperty("policy")} {r.GetProperty("sees")}"), Is.EquivalentTo("fifo bits,cfifo bits,cs3fifo accesses".Split(',')));
        long[] faults = [.. rows.Select(r => r.GetProperty("faults").GetInt64())];
        Assert.That(faults[1], Is.EqualTo(faults[0]), "an empty table is fifo");
        Assert.That(faults[2], Is.Not.EqualTo(faults[0]));
        Assert.That(rows.Select(r => r.GetProperty("counters").GetProperty("policy_overrides").GetInt64()), Is.All.Zero);
    }

    [TestCase("run", "loop-above-memory", "--policy", "./cs3fifo.so")]
    [TestCase("stress", "--pages", "64K", "--seconds", "0", "--policy", "./cs3fifo.so")]
    public void TheOtherCommandsTakeThemToo(params string[] arguments)
    {
        CommandRun run = CommandRun.Of(_folder, null, arguments);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain("cs3fifo"));
    }

    [TestCase("./nosuch.so", "policy './nosuch.so': there is no such file")]
    [TestCase("nosuch.so", "policy 'nosuch.so': there is no such file")]
    [TestCase("./text.so", "is no shared library")]
    [TestCase("./other.so", "has no symbol 'reclaim_policy'")]
    [TestCase("./cfifo.so+walk", "'cfifo' has no switches")]
    [TestCase("./cfifo.so,./cfifo.so", "policy 'cfifo' is asked for twice")]
    public void WhatIsNoPolicyIsOneLine(string policy, string message)
    {
        CommandRun run = CommandRun.Of(_folder, null, "compare", "--trace", "trace.txt", "--format", "text", "--memory", "30p", "--policy", policy);

        Assert.That(run.ExitCode, Is.EqualTo(2), run.Error);
        Assert.That(run.ErrorLines, Has.Length.EqualTo(1));
        Assert.That(run.Error, Does.StartWith("reclaim: ").And.Contains(message));
    }

    private static void Gcc(string source, string library) =>
        CPolicyLibrary.Build(_folder, source, library, "-Wall", "-Wextra", "-Wpedantic", "-Werror");
}
