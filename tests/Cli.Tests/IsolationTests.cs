using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ReclaimNative.Cli.Tests;

/// <summary>Policies that crash, hang or break the contract, and what the command says of them.</summary>
public sealed class IsolationTests
{
    private const string Policy = """
        #include "reclaim_policy.h"
        static int calls;
        static void isolate(reclaim_lruvec_t *lru, reclaim_scan_t *scan, void *pass, reclaim_budget_t *budget, reclaim_batch_t *batch)
        {
            (void)pass; (void)budget;
            if (++calls == 3) {
                FAULT;
            }
            reclaim_isolate_tail(lru, batch, 0, (uint32_t)(scan->nr_to_reclaim - scan->nr_reclaimed));
        }
        static const reclaim_policy_t policy = {
            .struct_size = sizeof(reclaim_policy_t), .abi = RECLAIM_POLICY_ABI, .name = NAME, .flags = RECLAIM_IGNORES_REFERENCES, .isolate = isolate,
        };
        const reclaim_policy_t *reclaim_policy(void) { return &policy; }
        """;

    private static readonly string[] Times = ["wall_seconds", "accesses_per_second"];

    private static string _folder = "";

    [OneTimeSetUp]
    public static void Prepare()
    {
        _folder = Directory.CreateTempSubdirectory("reclaim-isolate-tests-").FullName;
        File.WriteAllText(Path.Combine(_folder, "trace.txt"), string.Concat(Enumerable.Range(0, 4000).Select(i => $"{(long)i * i * 7 % 300}\n")));
        File.WriteAllText(Path.Combine(_folder, "other.txt"), string.Concat(Enumerable.Range(0, 3000).Select(i => $"{i % 90}\n")));
        Compile("good", "(void)0");
        Compile("wild", "*(volatile int *)8 = 1");
        Compile("quits", "__builtin_trap()");
        Compile("spins", "for (volatile int i = 0;;) i++");
        Compile("lazy", "calls = 2; return");
    }

    [OneTimeTearDown]
    public static void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void CompareHasTheSameRowsInTheSameOrderAndTheSameTable()
    {
        string[] arguments = ["compare", "--trace", "trace.txt", "other.txt", "--format", "text", "--memory", "30p,25%", "--policy", "fifo,./good.so,classic,opt"];
        CommandRun together = CommandRun.Of(_folder, null, [.. arguments, "--json", "together.json", "--csv", "-"]);
        CommandRun isolated = CommandRun.Of(_folder, null, [.. arguments, "--json", "isolated.json", "--csv", "-", "--isolate"]);

        Assert.That((isolated.ExitCode, isolated.Error), Is.EqualTo((0, "")));
        Assert.That(together.ExitCode, Is.Zero, together.Error);
        JsonArray rows = RowsOf("isolated.json");
        Assert.That(rows, Has.Count.EqualTo(16));
        Assert.That(rows.ToJsonString(), Is.EqualTo(RowsOf("together.json").ToJsonString()));
        CommandRun table = CommandRun.Of(_folder, null, [.. arguments, "--isolate"]);
        Assert.That(table.Output, Does.Contain("trace.txt, 11 pages (25%)"));
    }

    [Test]
    public void RunHasTheSameRowsInTheSameOrder()
    {
        string[] arguments = ["run", "loop-above-memory", "--policy", "lru,./good.so"];
        CommandRun together = CommandRun.Of(_folder, null, [.. arguments, "--json", "together.json"]);
        CommandRun isolated = CommandRun.Of(_folder, null, [.. arguments, "--json", "isolated.json", "--isolate"]);

        Assert.That((isolated.ExitCode, isolated.Error), Is.EqualTo((0, "")));
        Assert.That(RowsOf("isolated.json").ToJsonString(), Is.EqualTo(RowsOf("together.json").ToJsonString()));
        Assert.That(isolated.Output.Split('\n')[0], Is.EqualTo(together.Output.Split('\n')[0]), "the title");
    }

    [TestCase("wild", "SIGSEGV")]
    [TestCase("quits", "SIGILL")]
    public void APolicyThatEndsItsProcessIsALineAndTheOthersStand(string name, string signal)
    {
        CommandRun run = CommandRun.Of(
            _folder, null, "compare", "--trace", "trace.txt", "--format", "text", "--memory", "30p", "--policy", $"fifo,./{name}.so,mglru", "--json", "-", "--isolate");

        Assert.That(run.ExitCode, Is.EqualTo(1), run.Error);
        Assert.That(run.ErrorLines, Does.Contain($"reclaim: policy ./{name}.so: the process that ran it died of {signal} in isolate on /replay, node 0"));
        Assert.That(PoliciesOf(run.Output), Is.EqualTo("fifo mglru"));
    }

    [Test]
    public void APolicyThatNeverReturnsIsEndedAndTheOthersStand()
    {
        CommandRun run = CommandRun.Of(
            _folder, null, "run", "loop-above-memory", "--policy", "fifo,./spins.so,lru", "--json", "-", "--isolate", "--policy-timeout", "1");

        Assert.That(run.ExitCode, Is.EqualTo(1), run.Error);
        Assert.That(run.Error, Does.Match(@"^reclaim: policy \./spins\.so: the process that ran it was ended, for it had been in isolate on /[^,]*, node 0, for [1-9]\d* s\n$"));
        Assert.That(PoliciesOf(run.Output), Is.EqualTo("fifo lru"));
    }

    [Test]
    public void WithoutIsolationItIsSaidThatAPolicyDoesNotReturn()
    {
        ProcessStartInfo start = new("dotnet")
        {
            WorkingDirectory = _folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                "exec", Path.Combine(AppContext.BaseDirectory, "reclaim.dll"), "compare", "--trace", "trace.txt", "--format", "text",
                "--memory", "30p", "--policy", "./spins.so", "--policy-timeout", "1",
            },
        };
        using Process process = Process.Start(start)!;
        Task<string?> first = process.StandardError.ReadLineAsync();
        bool told = first.Wait(TimeSpan.FromSeconds(60));
        process.Kill();
        process.WaitForExit();

        Assert.That(told);
        Assert.That(first.Result, Does.Match(@"^reclaim: policy \./spins\.so has been in isolate on /replay, node 0, for [1-9]\d* s$"));
    }

    [TestCase("")]
    [TestCase("--isolate")]
    public void AnEjectionIsOneLineAndAFieldAndAFootnote(string isolate)
    {
        string[] arguments = ["compare", "--trace", "trace.txt", "--format", "text", "--memory", "30p,20p", "--policy", "fifo,./lazy.so", "--json", "ejected.json"];
        CommandRun run = CommandRun.Of(_folder, null, isolate.Length == 0 ? arguments : [.. arguments, isolate]);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.ErrorLines, Has.Length.EqualTo(1));
        Assert.That(run.Error, Does.Match(@"^reclaim: Policy lazy was ejected: .*on /replay, node 0, it .*\. mglru has its pages since\. So it was in 1 more of its replays\.\n$"));
        Assert.That(run.Output, Does.Contain("\nejected for breaking the contract, so that its numbers are not all its own: lazy\n"));
        Assert.That(
            string.Join(", ", RowsOf("ejected.json").Select(r => $"{r!["policy"]} {r["ejected"] is not null} {r["oom"]}")),
            Is.EqualTo("fifo False false, lazy True false, fifo False false, lazy True false"));
    }

    [Test]
    public void AnotherFallbackCanBeChosen()
    {
        CommandRun run = CommandRun.Of(
            _folder, null, "compare", "--trace", "trace.txt", "--format", "text", "--memory", "30p", "--policy", "./lazy.so", "--fallback", "classic", "--json", "-");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Error, Does.Contain("classic has its pages since."));
    }

    [TestCase("--isolate: each policy's process reads the trace anew", "--trace", "-", "--isolate")]
    [TestCase("nosuch.txt: there is no such file", "--trace", "nosuch.txt", "--isolate")]
    [TestCase("policy './nosuch.so': there is no such file", "--trace", "trace.txt", "--policy", "fifo,./nosuch.so", "--isolate")]
    [TestCase("policy 'fifo' is asked for twice", "--trace", "trace.txt", "--policy", "fifo,fifo", "--isolate")]
    [TestCase("there is no policy 'nosuch'", "--trace", "trace.txt", "--policy", "nosuch", "--isolate")]
    [TestCase("--policy-timeout '0': 1 to 86400 seconds", "--trace", "trace.txt", "--policy-timeout", "0")]
    [TestCase("there is no policy 'nosuch'", "--trace", "trace.txt", "--fallback", "nosuch")]
    [TestCase("--fallback opt: it has to know the accesses in advance", "--trace", "trace.txt", "--fallback", "opt")]
    public void WhatCanNotBeDoneIsOneLine(string message, params string[] arguments)
    {
        CommandRun run = CommandRun.Of(_folder, [], ["compare", .. arguments]);

        Assert.That(run.ExitCode, Is.InRange(1, 2));
        Assert.That(run.ErrorLines, Has.Length.EqualTo(1), run.Error);
        Assert.That(run.Error, Does.StartWith("reclaim: ").And.Contains(message));
    }

    private static JsonArray RowsOf(string file)
    {
        JsonArray rows = JsonNode.Parse(File.ReadAllText(Path.Combine(_folder, file)))!["results"]!.AsArray();
        foreach (JsonNode? row in rows)
        {
            foreach (string time in Times)
                row!.AsObject().Remove(time);
        }

        return rows;
    }

    /// <summary>The policies that have rows, in the order of the first of each.</summary>
    private static string PoliciesOf(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return string.Join(' ', document.RootElement.GetProperty("results").EnumerateArray().Select(r => r.GetProperty("policy").GetString()).Distinct());
    }

    private static void Compile(string name, string fault)
    {
        File.WriteAllText(Path.Combine(_folder, name + ".c"), Policy.Replace("FAULT", fault).Replace("NAME", $"\"{name}\""));
        CPolicyLibrary.Build(_folder, name + ".c", name + ".so");
    }
}
