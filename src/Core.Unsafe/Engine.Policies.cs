using ReclaimNative.Concurrency;
using ReclaimNative.Machine;
using ReclaimNative.Policies;

namespace ReclaimNative;

public sealed unsafe partial class Engine
{
    /// <summary>
    /// What the core has to say of each of its policies, in the order in which they were given, the fallback last unless it is one of
    /// them. Callable from any thread of a concurrent engine.
    /// </summary>
    public IReadOnlyList<PolicyReport> PolicyReports
    {
        get
        {
            ThrowIfDisposed();
            var reports = new PolicyReport[_host.Definitions.Length];
            for (int tag = 0; tag < reports.Length; tag++)
                reports[tag] = new PolicyReport(_host.Definitions[tag].Name, _host.RecordOf(tag).Counts(), _host.RecordOf(tag).Ejection);
            return reports;
        }
    }

    /// <summary>
    /// The operations of policies that are running now, at most one for each thread; empty when none is. Callable from any thread at any
    /// time, whatever the others do, also after the engine's end; takes no lock. See <see cref="PolicyWatchdog"/>.
    /// </summary>
    /// <remarks>
    /// A call that does not return shows as one whose number stays the same. Calls that policies make of helpers, and what these make of
    /// other operations, count as new ones.
    /// </remarks>
    public IReadOnlyList<PolicyProgress> PoliciesInProgress => _host.InProgress();

    /// <summary>The name of the policy that a cgroup is bound to; of the fallback, once its own has been ejected.</summary>
    public string PolicyNameOf(MemoryCgroup memcg) => PolicyOf(Own(memcg)).Name;

    /// <summary>
    /// Binds another policy to a cgroup while its pages stay where they are: the old policy's order is carried over, coldest first. The
    /// cgroups below keep theirs. Nothing else changes: no page is evicted, and accessed bits stay set.
    /// </summary>
    /// <remarks>
    /// Waits for the calls in flight and keeps others waiting meanwhile, in time proportional to the resident pages of the cgroup.
    /// A policy that is bound again starts anew; its shadows from before are still known by their tag.
    /// </remarks>
    /// <param name="memcg">The cgroup.</param>
    /// <param name="policy">One of the engine's policies, by the name that it was given with.</param>
    /// <exception cref="EngineException">There is no such policy, or it was ejected.</exception>
    public void SetPolicy(MemoryCgroup memcg, string policy)
    {
        ThrowIfDisposed();
        Own(memcg);
        PolicyDefinition definition = Definition(policy);
        using QuiesceGate.Closure change = CloseForChange();
        if (_host.RecordOf(_host.TagOf(definition)).Ejection is { } ejection)
            throw new EngineException($"{ejection.Message.TrimEnd('.')}; it can't be bound again.");
        if (ReferenceEquals(PolicyOf(memcg), definition))
            return;
        Settle();
        PolicySwitch.Run(_host, memcg, definition);
    }

    private PolicyDefinition PolicyOf(MemoryCgroup memcg)
    {
        PolicyView view = _host.ViewOf(memcg, _machine.Nodes[0]);
        return _host.HasFallback && _host.RecordOf(view.Tag).IsEjected ? _host.Fallback : view.Definition;
    }

    private PolicyDefinition Definition(string name) =>
        Array.Find(_host.Definitions, d => d.Name == name)
        ?? throw new EngineException($"The engine has no policy '{name}'; it was built with {_host.Names}.");

    /// <summary>An ordinary call begins. A policy that was ejected in an earlier one is replaced first, which takes a thread that is alone.</summary>
    private QuiesceGate.Passage EnterCall()
    {
        ThrowIfCallingBack();
        if (_host.HasPendingEjection)
            CloseForChange().Dispose();
        return _machine.Gate.Enter();
    }

    /// <summary>A change begins: nobody else is in the engine until it ends.</summary>
    private QuiesceGate.Closure CloseForChange()
    {
        ThrowIfCallingBack();
        QuiesceGate.Closure change = _machine.Gate.Close();
        if (!_host.HasPendingEjection)
            return change;
        try
        {
            Settle();
            _host.CompleteEjections();
            return change;
        }
        catch
        {
            // A switch needs memory. Where there is none, the caretaker keeps the pages, and the engine stays open.
            change.Dispose();
            throw;
        }
    }

    /// <summary>No reclaim within a reclaim, and no call within a fault: there is no end to the one, and the other meets its own locks.</summary>
    private void ThrowIfCallingBack()
    {
        if ((_backing is not null || _machine.Tracer.HasSink) && OwnerCall.IsUnderWay(_machine))
            throw new EngineException("The engine was called from a callback of its own backing or sink of events; a callback answers and returns.");
    }

    /// <summary>Nothing is under way any more: hits are handed over, and batches on their lists. For a thread that is alone in the engine.</summary>
    private void Settle()
    {
        FlushHits();
        _machine.Lists.Drain();
    }
}
