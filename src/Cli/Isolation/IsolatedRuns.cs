using System.CommandLine;
using System.CommandLine.Parsing;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Policies;

namespace ReclaimNative.Cli.Isolation;

/// <summary>The policies of one command, each in a process of its own, one after the other: together they would slow each other down.</summary>
/// <param name="Policies">The policies as they were asked for.</param>
/// <param name="Arguments">The command's arguments without policies and outputs.</param>
/// <param name="Timeout">How long one call of a policy may take.</param>
internal sealed record IsolatedRuns(IReadOnlyList<string> Policies, IReadOnlyList<string> Arguments, TimeSpan Timeout)
{
    /// <summary>
    /// Splits a list of policies. Names are checked, libraries only looked for: to load one is to run its code, which is what this
    /// process does not do.
    /// </summary>
    /// <exception cref="PolicyException">A name is unknown, a library is not there, or a policy is asked for twice.</exception>
    public static IReadOnlyList<string> Split(string list)
    {
        var policies = new List<string>();
        foreach (string text in list.Split(',').Select(t => t.Trim()))
        {
            if (!PolicyShelf.IsLibrary(text, out string? path))
                PolicyCatalog.Shelf.Parse(text);
            else if (!File.Exists(path))
                throw new PolicyException($"policy '{path}': there is no such file");
            if (policies.Contains(text))
                throw new PolicyException($"policy '{text}' is asked for twice");
            policies.Add(text);
        }

        return policies;
    }

    /// <summary>The command and the options that were given, without those named.</summary>
    public static IReadOnlyList<string> ArgumentsOf(ParseResult parsed, params string[] without)
    {
        var arguments = new List<string> { parsed.CommandResult.Command.Name };
        foreach (SymbolResult child in parsed.CommandResult.Children)
        {
            if (child is OptionResult { Implicit: false } option && !without.Contains(option.Option.Name))
                arguments.AddRange([option.Option.Name, .. option.Tokens.Select(t => t.Value)]);
        }

        // The operands of these commands come before the options, so that an option that takes many values takes none of them.
        string[] operands = [.. parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value)];
        arguments.InsertRange(1, operands);
        return arguments;
    }

    /// <summary>Runs them all.</summary>
    /// <param name="starting">Told which is about to run.</param>
    /// <param name="advanced">Told when one has ended.</param>
    /// <param name="cancellation">Ends the run.</param>
    public IReadOnlyList<PolicyOutcome> Run(Action<string> starting, Action<int> advanced, CancellationToken cancellation)
    {
        var outcomes = new List<PolicyOutcome>();
        foreach (string policy in Policies)
        {
            if (cancellation.IsCancellationRequested)
                break;
            starting(policy);
            PolicyOutcome outcome = PolicyProcess.Run(policy, [.. Arguments, "--policy", policy], Timeout, cancellation);
            if (outcome.Results is { } results && results.Rows.Select(r => r.Policy).FirstOrDefault() is { } name
                && outcomes.Any(o => o.Results?.Rows.Any(r => r.Policy == name) == true))
                throw new PolicyException($"policy '{name}' is asked for twice");
            outcomes.Add(outcome);
            if (outcome.Problem is { } problem && !cancellation.IsCancellationRequested)
                Console.Error.WriteLine($"reclaim: {problem}");
            advanced(1);
        }

        return outcomes;
    }

    /// <summary>
    /// The rows of all policies as one process would have measured them: where each has a row for every replay, replay by replay; where
    /// a scenario's cgroups are the subjects, subject by subject.
    /// </summary>
    public static ResultSet Merge(IReadOnlyList<PolicyOutcome> outcomes, bool bySubject, string? stopped)
    {
        ResultSet[] sets = [.. outcomes.Select(o => o.Results).OfType<ResultSet>()];
        IEnumerable<ResultRow> rows = bySubject
            ? sets.SelectMany(s => s.Rows).Select(r => r.Trace).Distinct().SelectMany(subject => sets.SelectMany(s => s.Rows).Where(r => r.Trace == subject))
            : Enumerable.Range(0, sets.Select(s => s.Rows.Length).DefaultIfEmpty().Max()).SelectMany(at => sets.Where(s => at < s.Rows.Length).Select(s => s.Rows[at]));
        IEnumerable<string> notes = sets.SelectMany(s => s.Notes).Where(n => !n.StartsWith("Stopped early", StringComparison.Ordinal)).Distinct();
        ResultSet first = sets.FirstOrDefault() ?? new ResultSet([]);
        return new ResultSet(rows) { Title = first.Title, Subject = first.Subject, Notes = stopped is null ? [.. notes] : [.. notes, stopped] };
    }
}
