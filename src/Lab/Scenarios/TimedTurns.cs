using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// Turns that take time. The processes share one CPU: an access takes some of it, more on a slow tier, and so does the reclaim that a
/// process does for itself. For its page-ins it waits while others run, and for memory.high. A process with a rate sleeps for the rest of the time
/// that its accesses are to take. All of it is reported to the engine as pressure.
/// </summary>
/// <remarks>
/// Who waits for the CPU counts as running, as in the kernel. Of the waits for page-ins those count as memory stalls that were part of the
/// working set when they were evicted, which is a share of a turn's page-ins. Source: kernel-reclaim reference 8.1.
/// </remarks>
internal sealed class TimedTurns : ITurns
{
    private readonly Engine _engine;
    private readonly CostSpec _costs;
    private readonly TimedTask[] _tasks;
    private readonly long[] _nodeNs;
    private readonly long[] _onNode;
    private long _nowNs;

    public TimedTurns(Engine engine, RunningProcess[] processes, CostSpec costs)
    {
        _engine = engine;
        _costs = costs;
        _tasks = [.. processes.Select(p => new TimedTask(engine, p))];
        _nodeNs = [.. engine.Nodes.Select(n => costs.TierNs.IsEmpty ? 0 : costs.TierNs[n.Tier])];
        _onNode = new long[_nodeNs.Length];
        foreach (TimedTask task in _tasks)
            task.Become(TaskState.Running);
    }

    public long NowUs => _nowNs / 1000;

    public void WaitForSomebody(long untilUs)
    {
        long until = untilUs > long.MaxValue / 1000 ? long.MaxValue : untilUs * 1000;
        foreach (TimedTask task in _tasks)
            until = Math.Min(until, task.ReadyNs);
        if (until > _nowNs)
            AdvanceTo(until);
    }

    public long RunRound(long most)
    {
        long done = 0;
        foreach (TimedTask task in _tasks)
        {
            if (task.Process.Ended || task.ReadyNs > _nowNs || done == most)
                continue;
            done += Turn(task, most - done);
            Kswapd.RunWhereWanted(_engine);
        }

        return done;
    }

    public void IdleUntil(long us) => AdvanceTo(Math.Max(_nowNs, us * 1000));

    private int Turn(TimedTask task, long most)
    {
        RunningProcess process = task.Process;
        long began = _nowNs;
        bool rated = !process.IsPopulating;
        ReadOnlySpan<uint> accesses = process.TakeTurn(most);
        long slow = SlowerNs(process.Space, accesses);
        Reading before = Read(process);
        int done = process.RunTurn(_engine);
        Reading after = Read(process);

        AdvanceTo(_nowNs + done * _costs.AccessNs + slow);
        long reclaimNs = (after.Scanned - before.Scanned) * _costs.ScanNs;
        if (reclaimNs > 0)
        {
            task.Become(TaskState.Stalled);
            AdvanceTo(_nowNs + reclaimNs);
        }

        long waitUs = (after.SwapIns - before.SwapIns) * _costs.SwapInUs + (after.FileReads - before.FileReads) * _costs.FileReadUs;
        long stalledUs = Share(waitUs, after.Workingset - before.Workingset, after.PageIns - before.PageIns);
        long throttledUs = 1000 * (after.ThrottledMs - before.ThrottledMs);
        process.Lost += new TimeLost(waitUs * 1000, slow, reclaimNs, throttledUs * 1000);
        long rateNs = rated && process.Spec.Rate is { } rate ? done * 1_000_000_000L / rate : 0;
        long stalledUntil = _nowNs + (throttledUs + stalledUs) * 1000;
        task.Sleep(_nowNs, stalledUntil, Math.Max(stalledUntil + (waitUs - stalledUs) * 1000, began + rateNs));
        return done;
    }

    /// <summary>How much longer accesses take for the tiers where their pages are now; those that are absent come to a node of the home tier.</summary>
    private long SlowerNs(AddressSpace space, ReadOnlySpan<uint> accesses)
    {
        if (_costs.TierNs.IsEmpty)
            return 0;
        _engine.CountByNode(space, accesses, _onNode);
        long ns = 0;
        for (int i = 0; i < _onNode.Length; i++)
            ns += _onNode[i] * _nodeNs[i];
        return ns;
    }

    private Reading Read(RunningProcess process)
    {
        long swapIns = _engine.ReadLocal(process.Memcg, Counter.pswpin);
        AccessTally tally = process.Tally;
        return new Reading(
            _engine.Read(_engine.Root, Counter.pgscan_direct),
            swapIns,
            _engine.ReadLocal(process.Memcg, Counter.pgmajfault) - swapIns,
            tally.WorkingsetRefaults,
            tally.ThrottledMs);
    }

    /// <summary>Time goes on; those whose waits end meanwhile are told so at their time.</summary>
    private void AdvanceTo(long ns)
    {
        for (TimedTask next = FirstToChange(); next.NextChangeNs <= ns; next = FirstToChange())
        {
            SetTime(next.NextChangeNs);
            next.Change();
        }

        SetTime(ns);
    }

    private TimedTask FirstToChange()
    {
        TimedTask first = _tasks[0];
        foreach (TimedTask task in _tasks)
        {
            if (task.NextChangeNs < first.NextChangeNs)
                first = task;
        }

        return first;
    }

    private void SetTime(long ns)
    {
        _nowNs = ns;
        _engine.NowUs = NowUs;
    }

    private static long Share(long whole, long part, long of) => of > 0 ? whole * Math.Min(part, of) / of : 0;

    private readonly record struct Reading(long Scanned, long SwapIns, long FileReads, long Workingset, long ThrottledMs)
    {
        public long PageIns => SwapIns + FileReads;
    }
}
