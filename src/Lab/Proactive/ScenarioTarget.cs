using ReclaimNative.Lab.Scenarios;
using ReclaimNative.Machine;
using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Proactive;

/// <summary>
/// The machine of a scenario at a point of its run. For a request that asks for idle pages, idle ages are scanned from the start, four times in the
/// time asked for, whatever the policy.
/// </summary>
/// <param name="scenario">The scenario.</param>
/// <param name="policy">The policy.</param>
/// <param name="at">Accesses after which the request comes, 1 to the scenario's.</param>
public sealed class ScenarioTarget(Scenario scenario, PolicyChoice policy, long at) : IReclaimTarget
{
    private const int ScansInIdleTime = 4;

    /// <inheritdoc/>
    public RequestReport Carry(RequestSpec request, CancellationToken cancellation)
    {
        PreparedScenario prepared = new(scenario with { Accesses = at }, [policy]);
        using ScenarioMachine machine = prepared.Start(policy, adjust: options => options with { IdleAge = request.MinIdle > TimeSpan.Zero });
        CheckNodes(machine.Engine, request.Nodes);
        var asked = new ReclaimRequest(request.Pages, MemcgOf(machine, request.Memcg), request.Nodes, request.Swappiness)
        {
            Types = request.Types,
            Mode = request.Mode,
            MinIdleMs = (long)Math.Ceiling(request.MinIdle.TotalMilliseconds),
            MaxScanned = request.MaxScanned,
            TimeLimit = request.TimeLimit,
        };
        RunToItsEnd(machine, asked.MinIdleMs, cancellation);
        ReclaimResult result = request.IsPreview
            ? machine.Engine.Preview(asked, leaving: null, cancellation)
            : machine.Engine.Reclaim(asked, cancellation);
        return new RequestReport
        {
            Target = $"scenario {scenario.Name} under {policy.Name}, after {machine.AccessesDone} accesses",
            Request = request,
            Reclaimed = result.Reclaimed,
            Demoted = result.Demoted,
            Scanned = result.Scanned,
            Protected = result.Protected,
            Attempts = result.Attempts,
            Elapsed = result.Elapsed,
            Stop = Words.Of(result.Stop),
            Age = Words.Of(result.Age),
            Nodes = [.. result.Nodes.Select(n => new NodeReport(n.Node.Id, n.EvictedAnon, n.EvictedFile, n.DemotedAnon, n.DemotedFile, n.Scanned))],
            Skipped = [.. Enum.GetValues<ReclaimSkip>().Where(r => result.Skipped[r] > 0).Select(r => (Words.Of(r), result.Skipped[r]))],
        };
    }

    private static void RunToItsEnd(ScenarioMachine machine, long minIdleMs, CancellationToken cancellation)
    {
        long periodUs = long.MaxValue;
        if (minIdleMs > 0)
        {
            machine.Engine.IdleAgePeriodMs = Math.Max(1, minIdleMs / ScansInIdleTime);
            periodUs = machine.Engine.IdleAgePeriodMs * 1000;
        }

        long scanUs = periodUs;
        bool more = true;
        while (more)
        {
            cancellation.ThrowIfCancellationRequested();
            more = machine.Advance(scanUs);
            for (; machine.NowUs >= scanUs; scanUs += periodUs)
                machine.Engine.ScanIdleAges();
        }
    }

    private static MemoryCgroup? MemcgOf(ScenarioMachine machine, string? path)
    {
        if (path is null)
            return null;
        return machine.Memcgs.TryGetValue(path, out MemoryCgroup? memcg)
            ? memcg
            : throw new EngineException($"There is no memory cgroup '{path}' in the scenario; {string.Join(", ", machine.Memcgs.Keys)} are accepted.");
    }

    private static void CheckNodes(Engine engine, NodeSet nodes)
    {
        ulong known = ulong.MaxValue >> (NodeSet.MostNodes - engine.Nodes.Count);
        if ((nodes.Mask & ~known) != 0)
            throw new EngineException($"Nodes {nodes} were asked for; the scenario has 0 to {engine.Nodes.Count - 1}.");
    }
}
