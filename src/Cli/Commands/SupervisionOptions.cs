using System.CommandLine;
using System.Globalization;
using ReclaimNative.Cli.Isolation;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Policies;

namespace ReclaimNative.Cli.Commands;

/// <summary>What a command does about policies that misbehave.</summary>
internal sealed class SupervisionOptions
{
    private const int DefaultSeconds = 10;
    private const int MostSeconds = 86_400;

    private readonly Option<bool> _isolate = new("--isolate")
    {
        Description = "run each policy in a process of its own, so that one which crashes or hangs ends alone",
    };

    private readonly Option<string> _timeout = new("--policy-timeout")
    {
        Description = "say so when one call of a policy has taken that long; with --isolate, end it",
        HelpName = "SECONDS",
        DefaultValueFactory = _ => DefaultSeconds.ToString(CultureInfo.InvariantCulture),
    };

    private readonly Option<string?> _fallback = NewFallback();
    private readonly Option<string?> _progress = new(PolicyProcess.ProgressOption) { Hidden = true };

    /// <summary>The option that names who takes over from policies that are ejected.</summary>
    public static Option<string?> NewFallback() => new("--fallback")
    {
        Description = "who gets the pages of a policy that is ejected for breaking the contract; otherwise mglru after one in C, nobody after the others",
        HelpName = "NAME",
    };

    /// <summary>The policy of that name, to take over from others, or null for none.</summary>
    public static PolicyChoice? Fallback(string? name)
    {
        if (name is null)
            return null;
        PolicyChoice choice = PolicyCatalog.Shelf.Parse(name);
        if (choice.NeedsFuture)
            throw new UsageException($"--fallback {name}: it has to know the accesses in advance, and can't take over");
        return choice.IsLibrary
            ? throw new UsageException($"--fallback {name}: a policy in C can't take over; one of 'reclaim policies' can")
            : choice;
    }

    public void AddTo(Command command)
    {
        command.Add(_isolate);
        command.Add(_timeout);
        command.Add(_fallback);
        command.Add(_progress);
    }

    /// <summary>Policies run in processes of their own.</summary>
    public bool Isolates(ParseResult parsed) => parsed.GetValue(_isolate);

    /// <summary>This process was started to run one policy for another.</summary>
    public bool IsIsolated(ParseResult parsed) => parsed.GetValue(_progress) is not null;

    /// <summary>How long one call of a policy may take.</summary>
    public TimeSpan Timeout(ParseResult parsed) =>
        Numbers.Unsigned("--policy-timeout", parsed.GetValue(_timeout)!, $"1 to {MostSeconds} seconds") is var seconds and >= 1 and <= MostSeconds
            ? TimeSpan.FromSeconds(seconds)
            : throw new UsageException($"--policy-timeout '{parsed.GetValue(_timeout)}': 1 to {MostSeconds} seconds are accepted");

    /// <summary>What the options say. In a process that runs a policy for another it is the other which watches.</summary>
    public Supervision Read(ParseResult parsed)
    {
        TimeSpan timeout = Timeout(parsed);
        string? progress = parsed.GetValue(_progress);
        return new Supervision
        {
            Fallback = Fallback(parsed.GetValue(_fallback)),
            Timeout = progress is null ? timeout : null,
            Stuck = line => Console.Error.WriteLine($"reclaim: {line}"),
            ProgressFile = progress is null ? null : PolicyProgressFile.Open(progress),
        };
    }

    /// <summary>Runs each policy in a process of its own and writes what they measured; those that came to grief are on stderr.</summary>
    /// <param name="parsed">What the command was asked.</param>
    /// <param name="policies">The policies as they were asked for.</param>
    /// <param name="policyOption">The option that asked for them.</param>
    /// <param name="bySubject">Rows go together by what they are about, not by replay.</param>
    /// <param name="output">Where results go.</param>
    public int RunIsolated(ParseResult parsed, IReadOnlyList<string> policies, string policyOption, bool bySubject, OutputOptions output)
    {
        IsolatedRuns runs = new(policies, IsolatedRuns.ArgumentsOf(parsed, [_isolate.Name, policyOption, .. output.Names]), Timeout(parsed));
        (IReadOnlyList<PolicyOutcome> outcomes, bool interrupted) = ProgressBar.Run(policies.Count, runs.Run);
        string? stopped = interrupted ? $"Stopped early: {outcomes.Count(o => o.Results is not null)} of {policies.Count} policies were started or finished." : null;
        ResultSet results = IsolatedRuns.Merge(outcomes, bySubject, stopped);
        output.Write(parsed, results);
        SayEjected(parsed, results);
        return interrupted ? ExitCode.Interrupted : outcomes.Any(o => o.Problem is not null) ? ExitCode.Failed : ExitCode.Ok;
    }

    /// <summary>One line on stderr for each policy that was ejected; the process that runs one for another leaves that to it.</summary>
    public void SayEjected(ParseResult parsed, ResultSet results)
    {
        if (IsIsolated(parsed))
            return;
        foreach (IGrouping<string, ResultRow> rows in results.Rows.Where(r => r.Ejected is not null).GroupBy(r => r.Policy))
        {
            // In a scenario every cgroup has the message of the one engine.
            int more = rows.Select(r => (r.MemoryPages, r.Trace, r.Ejected)).Distinct().Count() - 1;
            bool repeats = more > 0 && results.Subject == "trace";
            Console.Error.WriteLine($"reclaim: {rows.First().Ejected}{(repeats ? $" So it was in {more} more of its replays." : "")}");
        }
    }
}
