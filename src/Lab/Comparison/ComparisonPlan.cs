using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Traces;
using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Comparison;

/// <summary>Traces times memory sizes times policies: what <c>reclaim compare</c> runs, one replay after the other.</summary>
/// <param name="Traces">The traces, loaded.</param>
/// <param name="Sizes">The memory sizes, resolved for each trace.</param>
/// <param name="Policies">The policies.</param>
/// <param name="Options">What the traces' pages are.</param>
public sealed record ComparisonPlan(
    IReadOnlyList<Trace> Traces, IReadOnlyList<MemorySize> Sizes, IReadOnlyList<PolicyChoice> Policies, ReplayOptions Options)
{
    /// <summary>What is done about policies that misbehave.</summary>
    public Supervision Supervision { get; init; } = Supervision.Default;

    /// <summary>Accesses of all replays together: the length of a progress bar.</summary>
    public long TotalAccesses => Traces.Sum(t => (long)t.Count) * Sizes.Count * Policies.Count;

    /// <summary>
    /// Runs the plan. Ended early, the replays that were finished are returned, and a note says that there were more.
    /// </summary>
    /// <param name="starting">Told what each replay is before it starts.</param>
    /// <param name="advanced">Told how many accesses were done since the last time.</param>
    /// <param name="cancellation">Ends the run.</param>
    public ResultSet Run(Action<string>? starting, Action<int>? advanced, CancellationToken cancellation)
    {
        var rows = new List<ResultRow>();
        var notes = new List<string>();
        bool ended = false;
        foreach (Trace trace in Traces)
        {
            if (trace.Note is { } note)
                notes.Add($"{trace.Name}: {note}");
            FutureUse? future = Policies.Any(p => p.NeedsFuture) ? FutureUse.Of(trace.Accesses.Span, trace.PackedPages) : null;
            foreach (MemorySize size in Sizes)
            {
                foreach (PolicyChoice policy in Policies)
                {
                    if (ended || cancellation.IsCancellationRequested)
                    {
                        ended = true;
                        continue;
                    }

                    starting?.Invoke($"{trace.Name} {size} {policy.Name}");
                    try
                    {
                        long pages = size.Resolve(trace.UniquePages);
                        rows.Add(Replay.Run(trace, policy, future, pages, Options, advanced, cancellation, Supervision) with { MemoryAsAsked = size.Text });
                    }
                    catch (OperationCanceledException)
                    {
                        ended = true;
                    }
                }
            }
        }

        if (ended)
            notes.Add($"Stopped early: {rows.Count} of {Traces.Count * Sizes.Count * Policies.Count} replays were finished.");
        return new ResultSet(rows) { Notes = [.. notes] };
    }
}
