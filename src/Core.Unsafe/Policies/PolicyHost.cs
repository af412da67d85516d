using ReclaimNative.Concurrency;
using ReclaimNative.Lru;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Memory;
using ReclaimNative.Observe;

namespace ReclaimNative.Policies;

/// <summary>
/// The policies of one engine and the view that each lruvec has of its own. Everything that spans cgroups with
/// different policies is summed here.
/// </summary>
internal sealed unsafe class PolicyHost : IDisposable
{
    private readonly PolicyView?[] _views;
    private readonly PolicyRecord[] _records;
    private readonly PolicyCall? _onlyCall;
    private readonly int _fallback;
    private readonly NativeBlock? _foreign;
    private long _sinceFlush;
    private int _ejections;
    private int _isPending;

    public PolicyHost(MachineState machine, PolicyDefinition[] definitions, string? fallback, int memcgs, bool usesMemcgLru, PolicyProgressFile? progress)
    {
        Machine = machine;
        Proposals = new Proposals(this);
        Definitions = definitions;
        Shadows = machine.IsIdentity && !machine.Frames.IsOrdered
            ? ShadowCodec.Narrow(definitions.Length, machine.Frames.Count)
            : new ShadowCodec(32, definitions.Length, machine.Nodes.Length, memcgs, machine.Frames.Count);
        _views = new PolicyView?[memcgs * machine.Nodes.Length];
        _records = Array.ConvertAll(definitions, _ => new PolicyRecord(machine.Concurrent));
        _onlyCall = machine.Concurrent ? null : new PolicyCall(progress);
        ProgressFile = progress;
        _fallback = Array.FindIndex(definitions, d => d.Name == fallback);
        if (Array.Exists(definitions, d => d.Source is not null))
            _foreign = new NativeBlock((nuint)_views.Length * (nuint)sizeof(ForeignLruvec));
        if (usesMemcgLru)
            MemcgLrus = Array.ConvertAll(machine.Nodes, n => new MemcgLru(memcgs, (ulong)n.Id, machine.Concurrent));
        UsesRefaults = Array.Exists(definitions, d => (d.Mechanisms & Mechanism.Refault) != 0);
        TellsArrivals = Array.Exists(definitions, d => (d.Descriptor.Flags & PolicyFlags.SeesArrivals) != 0);
        KeepsPages = Array.Exists(definitions, d => d.Descriptor.HistoryWords + d.Descriptor.Orders > 0);
        HandsOverAccesses = Array.Exists(definitions, d => (d.Descriptor.Flags & PolicyFlags.SeesAccesses) != 0);
    }

    /// <summary>Number of the engine in the places of its calls.</summary>
    public int Number { get; } = PolicyCall.NextEngine();

    /// <summary>Where another process reads what is running, or null.</summary>
    public PolicyProgressFile? ProgressFile { get; }

    /// <summary>Some policy compares how many refaults were activated since the previous reclaim cycle.</summary>
    public bool UsesRefaults { get; }

    public MachineState Machine { get; }

    /// <summary>
    /// The order in which reclaim for the whole machine comes by the cgroups of each node; null where it goes down the tree.
    /// </summary>
    public MemcgLru[]? MemcgLrus { get; }

    /// <summary>The policies that can be bound; the position of one is its tag in shadows.</summary>
    public PolicyDefinition[] Definitions { get; }

    /// <summary>Their names, for messages.</summary>
    public string Names => string.Join(", ", Array.ConvertAll(Definitions, d => d.Name));

    public ShadowCodec Shadows { get; }

    /// <summary>How pages that were proposed come back.</summary>
    public Proposals Proposals { get; }

    /// <summary>Some policy sees every access, so hits are recorded.</summary>
    public bool HandsOverAccesses { get; }

    /// <summary>Some policy is told of pages before they come in.</summary>
    public bool TellsArrivals { get; }

    /// <summary>Some policy keeps words or orders of pages that are not resident.</summary>
    public bool KeepsPages { get; }

    public PolicyView ViewAt(int lruvecIndex) => _views[lruvecIndex]!;

    public PolicyView ViewOf(MemoryCgroup memcg, Node node) => _views[memcg.Id * Machine.Nodes.Length + node.Id]!;

    /// <summary>The lruvec that a shadow names, or null when there is none such.</summary>
    public PolicyView? ViewOf(in ShadowEntry shadow)
    {
        int index = shadow.Memcg * Machine.Nodes.Length + shadow.Node;
        return shadow.Node < Machine.Nodes.Length && index < _views.Length ? _views[index] : null;
    }

    /// <summary>What is known of a policy, by its tag.</summary>
    public PolicyRecord RecordOf(int tag) => _records[tag];

    /// <summary>A reclaim has freed something: failures before it are no row any more.</summary>
    public void Succeed()
    {
        foreach (PolicyRecord record in _records)
            record.Succeed();
    }

    /// <summary>Somebody is named to take the pages of ejected policies, so strikes have consequences.</summary>
    public bool HasFallback => _fallback >= 0;

    /// <summary>Who takes the pages of ejected policies.</summary>
    public PolicyDefinition Fallback => Definitions[_fallback];

    /// <summary>Ejections so far.</summary>
    public int Ejections => Volatile.Read(ref _ejections);

    /// <summary>A policy has been ejected whose pages the fallback has not got yet: that takes a thread which is alone.</summary>
    public bool HasPendingEjection => Volatile.Read(ref _isPending) != 0;

    /// <summary>Longest that one call may take, in nanoseconds of the thread.</summary>
    public long CallNanoseconds { get; init; }

    /// <summary>The operations that answer for a policy, by its tag.</summary>
    public ReclaimOps OpsOf(int tag) => _records[tag].IsEjected ? PolicyAdapter<CaretakerPolicy>.Ops : Definitions[tag].Ops;

    /// <summary>The operations that are running, for those who watch from another thread.</summary>
    public PolicyProgress[] InProgress()
    {
        if (_onlyCall is not null)
            return ProgressOf(_onlyCall, 0) is { } only ? [only] : [];
        var running = new List<PolicyProgress>();
        foreach ((int thread, PolicyCall call) in PolicyThreads.All)
        {
            if (ProgressOf(call, thread) is { } progress)
                running.Add(progress);
        }

        return [.. running];
    }

    /// <summary>
    /// Ends a policy: notes why, and has the caretaker answer in its place from now on, so that what is under way succeeds. The fallback
    /// gets the pages in <see cref="CompleteEjections"/>.
    /// </summary>
    public void Eject(int tag, PolicyOverride cause, PolicyOperation operation, PolicyView at, Exception? thrown)
    {
        // Without a fallback only a policy that can't go on is ended, and so the fallback itself.
        bool hasSuccessor = _fallback >= 0 && _fallback != tag;
        if (!hasSuccessor && cause != PolicyOverride.Threw)
            return;
        PolicyRecord record = _records[tag];
        if (!record.TryEject())
        {
            // Another thread is at it: who goes on before the caretaker answers fails once more for the same reason.
            var backoff = default(Backoff);
            while (!record.IsInCare)
                backoff.Pause();
            return;
        }

        foreach (PolicyView? view in _views)
        {
            if (view is not null && view.Tag == tag)
                view.TakeCare();
        }

        Interlocked.Increment(ref _ejections);
        record.IsInCare = true;
        string name = Definitions[tag].Name;
        string what = thrown is null ? PolicyDump.Sentence(cause) : $"threw {thrown.GetType().Name}: {thrown.Message}";
        record.Ejection = new PolicyEjection(
            cause,
            operation,
            $"Policy {name} was ejected: {(operation == PolicyOperation.None ? "" : $"in {operation} ")}on {at.Memcg.Path}, node {at.Node.Id}, it {what}.",
            hasSuccessor ? Fallback.Name : CaretakerPolicy.Describe().Name,
            PolicyDump.Of(at, record));
        Machine.Tracer.Tell(Tracepoint.policy_ejected, at.Memcg, at.Node, name);
        if (hasSuccessor)
            Volatile.Write(ref _isPending, 1);
    }

    /// <summary>Gives the lruvecs of ejected policies to the fallback. For a thread that is alone in the engine.</summary>
    public void CompleteEjections()
    {
        Volatile.Write(ref _isPending, 0);
        foreach (MemoryCgroup memcg in Machine.Memcgs)
        {
            int tag = ViewOf(memcg, Machine.Nodes[0]).Tag;
            if (_records[tag].IsEjected && tag != _fallback)
                PolicySwitch.Run(this, memcg, Fallback);
        }
    }

    /// <summary>Memory for what C knows a lruvec by, where some policy is written in C.</summary>
    public ForeignLruvec* ForeignAt(int lruvecIndex) => (ForeignLruvec*)_foreign!.Pointer + lruvecIndex;

    public int TagOf(PolicyDefinition definition) => Array.IndexOf(Definitions, definition);

    /// <summary>Makes the views of a new cgroup and binds <paramref name="definition"/> to them.</summary>
    public void Online(MemoryCgroup memcg, PolicyDefinition definition)
    {
        foreach (Node node in Machine.Nodes)
        {
            PolicyView view = AddView(memcg, node, definition);
            view.Ops.LruvecOnline(view);
            MemcgLrus?[node.Id].Add(memcg.Id);
        }
    }

    /// <summary>Ends the views of a cgroup whose pages are gone from its lists.</summary>
    public void Offline(MemoryCgroup memcg)
    {
        foreach (Node node in Machine.Nodes)
        {
            PolicyView view = ViewOf(memcg, node);
            view.Foreign?.Dispose();
            _views[view.Lruvec.Index] = null;
            MemcgLrus?[node.Id].Remove(memcg.Id);
        }
    }

    /// <summary>What it keeps beside the machine.</summary>
    public void Pass(StateLog log)
    {
        log.Pass(ref _sinceFlush);
        foreach (PolicyRecord record in _records)
            record.Pass(log);
        foreach (MemcgLru order in MemcgLrus ?? [])
            order.Pass(log, Machine.MemcgIds);
    }

    /// <summary>
    /// Which policy each cgroup is bound to and how policies ended. In a copy this makes the views; the policies are told nothing, since
    /// what they know of each lruvec is in its columns.
    /// </summary>
    public void PassStructure(StateLog log)
    {
        log.Pass(ref _ejections);
        log.Pass(ref _isPending);
        foreach (PolicyRecord record in _records)
            record.PassEjection(log);
        foreach (MemoryCgroup memcg in Machine.Memcgs)
        {
            int tag = log.IsRestoring ? 0 : ViewOf(memcg, Machine.Nodes[0]).Tag;
            tag = log.Through(tag, 0, Definitions.Length - 1, "the policy of a cgroup");
            if (!log.IsRestoring)
                continue;
            foreach (Node node in Machine.Nodes)
                AddView(memcg, node, Definitions[tag]);
        }
    }

    /// <summary>When an operation is sampled next, where one thread drives the engine.</summary>
    public void PassSampling(StateLog log) => _onlyCall?.Pass(log);

    /// <summary>Gives back what views hold beside the machine's own memory.</summary>
    public void Dispose()
    {
        foreach (PolicyView? view in _views)
            view?.Foreign?.Dispose();
        _foreign?.Dispose();
    }

    /// <summary>Pages by class of a lruvec and all below it on its node.</summary>
    public LruSizes TotalSizes(Lruvec lruvec)
    {
        PolicyView view = ViewAt(lruvec.Index);
        LruSizes sum = view.Ops.Sizes(view);
        foreach (MemoryCgroup child in lruvec.Memcg.Below)
            sum += TotalSizes(Machine.LruvecOf(child, lruvec.Node));
        return sum;
    }

    /// <summary>File pages of a lruvec and all below it on its node that some page table maps.</summary>
    public long TotalMapped(Lruvec lruvec)
    {
        long sum = lruvec.Mapped;
        foreach (MemoryCgroup child in lruvec.Memcg.Below)
            sum += TotalMapped(Machine.LruvecOf(child, lruvec.Node));
        return sum;
    }

    /// <summary>A page comes in at a lruvec: that of another node keeps it on its orders no longer.</summary>
    public void ComeIn(uint page, Lruvec lruvec)
    {
        if (Machine.Orders is { } orders && orders.OrderOf(page) is var order and not 0 && orders.LruvecOf(order) != lruvec.Index)
            TakeOff(page, order);
    }

    /// <summary>A page that was resident or evicted is gone for good: what a policy kept of it goes too.</summary>
    public void Forget(uint page)
    {
        if (!KeepsPages)
            return;
        if (Machine.Orders is { } orders && orders.OrderOf(page) is var order and not 0)
            TakeOff(page, order);
        Machine.ForgetPage(page);
    }

    private PolicyView AddView(MemoryCgroup memcg, Node node, PolicyDefinition definition)
    {
        var view = new PolicyView(this, Machine.LruvecOf(memcg, node), definition, _onlyCall);
        return _views[view.Lruvec.Index] = view;
    }

    private PolicyProgress? ProgressOf(PolicyCall call, int thread)
    {
        PolicyMark mark = call.Look();
        PolicyOperation operation = PolicyCall.OperationAt(mark.Place);
        int lruvec = PolicyCall.LruvecAt(mark.Place);
        if (operation == PolicyOperation.None || PolicyCall.EngineAt(mark.Place) != Number || _views[lruvec] is not { } view)
            return null;
        return new PolicyProgress(view.Definition.Name, operation, view.Memcg.Path, view.Node.Id, mark.Calls, thread);
    }

    private void TakeOff(uint page, uint order)
    {
        PageOrders orders = Machine.Orders!;
        PolicyView view = _views[orders.LruvecOf(order)]!;
        view.Ops.Forget(view, page);
        if (orders.OrderOf(page) != 0)
            orders.Remove(page);
    }

    /// <summary>Counts pages that came in or went out; at the end of a period the statistics are flushed.</summary>
    public void Elapse(int pages)
    {
        long period = Machine.StatisticsPeriod;
        if (period != 0 && period <= Atomic.Add(ref _sinceFlush, pages, Machine.Concurrent))
            FlushStatistics();
    }

    /// <summary>Brings every cgroup's statistics up to date, for those who read them and do not count themselves.</summary>
    public void FlushStatistics()
    {
        Volatile.Write(ref _sinceFlush, 0);
        if (Machine.StatisticsPeriod == 0)
            return;
        foreach (PolicyView? view in _views)
        {
            if (view is null)
                continue;
            Lruvec lruvec = view.Lruvec;
            *(LruSizes*)lruvec.Flushed = TotalSizes(lruvec);
            lruvec.Flushed[4] = Total(lruvec, Counter.workingset_activate_anon);
            lruvec.Flushed[5] = Total(lruvec, Counter.workingset_activate_file);
        }
    }

    /// <summary>As <see cref="TotalSizes"/>, as of the last flush.</summary>
    public LruSizes StatisticsOf(Lruvec lruvec) => Machine.StatisticsPeriod == 0 ? TotalSizes(lruvec) : *(LruSizes*)lruvec.Flushed;

    /// <summary>workingset_activate of a type here and below, as of the last flush.</summary>
    public long ActivationsOf(Lruvec lruvec, int type) =>
        Machine.StatisticsPeriod == 0 ? Total(lruvec, Counter.workingset_activate_anon + type) : lruvec.Flushed[4 + type];

    /// <summary>Events of a lruvec and all below it on its node, those included that have been removed.</summary>
    public long Total(Lruvec lruvec, Counter counter)
    {
        long sum = lruvec.Counts[counter] + lruvec.Gone[counter];
        if (lruvec.Memcg.Below.Length == 0)
            return sum;
        foreach (MemoryCgroup child in lruvec.Memcg.Below)
            sum += Total(Machine.LruvecOf(child, lruvec.Node), counter);
        return sum;
    }
}
