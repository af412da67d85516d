using System.Runtime.CompilerServices;
using ReclaimNative.Concurrency;
using ReclaimNative.Observe;

namespace ReclaimNative.Policies;

public sealed unsafe partial class PolicyView
{
    /// <summary>
    /// Calls of which one is sampled. A prime, because a fault takes the same few operations each time: any stride that shares a
    /// factor with their number would look at the same one for ever.
    /// </summary>
    internal const int SampleStride = 61;

    /// <summary>Operations that decide: they may look for pages, walk tables and age.</summary>
    private const uint Decisions = 1u << (int)PolicyOperation.Prepare | 1u << (int)PolicyOperation.Budget | 1u << (int)PolicyOperation.Isolate
        | 1u << (int)PolicyOperation.After | 1u << (int)PolicyOperation.Continue | 1u << (int)PolicyOperation.Age
        | 1u << (int)PolicyOperation.IsolateOldest | Unguarded;

    /// <summary>Operations that look and change nothing.</summary>
    private const uint Inspections = 1u << (int)PolicyOperation.Sizes | 1u << (int)PolicyOperation.Check | 1u << (int)PolicyOperation.Dump
        | 1u << (int)PolicyOperation.IsRecent | 1u << (int)PolicyOperation.OldestBirthMs | 1u << (int)PolicyOperation.ColdestFirst
        | 1u << (int)PolicyOperation.ReadGenerations;

    /// <summary>Operations at which nobody is in a hurry.</summary>
    private const uint LifeCycle = 1u << (int)PolicyOperation.LruvecOnline | 1u << (int)PolicyOperation.LruvecOffline;

    /// <summary>The core itself, outside all operations.</summary>
    private const uint Unguarded = 1u << (int)PolicyOperation.None;

    /// <summary>One for each thread, where several drive the engine.</summary>
    [ThreadStatic]
    private static PolicyCall? _callHere;

    private readonly PolicyCall? _onlyCall;

    /// <summary>This lruvec as <see cref="PolicyCall.PlaceOf"/> has it, with no operation.</summary>
    private readonly long _here;

    /// <summary>What has been given out in the isolation that is going on; the policy's batch says the same, if nobody writes over it.</summary>
    private IsolatedFolios _taken;

    /// <summary>What this thread is doing inside a policy.</summary>
    internal PolicyCall Call
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _onlyCall ?? HereOrNew();
    }

    /// <summary>The guard before an operation: gives it fuel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal PolicyGuard Begin(PolicyOperation operation)
    {
        PolicyCall call = Call;
        var outer = new PolicyGuard(call, call.Place, call.Fuel);
        call.Place = _here | (long)operation;
        call.Fuel = _fuel;
        if (--call.UntilSample == 0)
            BeginSample(call, PolicyCall.OperationAt(outer.Place));
        return outer;
    }

    /// <summary>The guard after an operation: sees whether it had fuel enough, and goes back to what called it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void End(PolicyGuard outer)
    {
        PolicyCall call = outer.Call;
        if (call.Fuel < 0 || call.IsSampled)
            EndChecked(call, outer.Place);
        call.Place = outer.Place;
        call.Fuel = outer.Fuel;
    }

    /// <summary>An operation threw: the policy is ejected, the default is answered, and the reclaim goes on.</summary>
    internal void Threw(Exception thrown) => Refuse(PolicyOverride.Threw, thrown);

    /// <summary>
    /// The batch as this view gave it out in the isolation that ends: what a policy has made of it since is put right. Under the
    /// lruvec's token.
    /// </summary>
    internal void Reconcile(ref FolioBatch batch)
    {
        if (batch.HoldsWhat(_taken))
            return;
        batch.TakeFrom(_taken);
        Refuse(PolicyOverride.Tampered);
    }

    /// <summary>An isolation begins: nothing has been given out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void BeginIsolation() => _taken.Count = 0;

    /// <summary>Counts what the core does not take from the policy, and ejects it when it was one too many.</summary>
    /// <returns>False, as what the helper answers.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal bool Refuse(PolicyOverride kind, Exception? thrown = null)
    {
        PolicyCall call = Call;
        int tag = call.Blamed == PolicyCall.ItsOwn ? Tag : call.Blamed;
        if (kind != PolicyOverride.Pinned)
            _lruvec.Counts.Add(Counter.policy_overrides, 1);
        if (_host.RecordOf(tag).Count(kind))
            _host.Eject(tag, kind, call.Operation, this, thrown);
        return false;
    }

    /// <summary>Takes one unit of fuel; with none left, a helper changes nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Spend() => --Call.Fuel >= 0 || IsUnguarded;

    /// <summary>As <see cref="Spend()"/>, for helpers that work on several pages.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Spend(int units) => (Call.Fuel -= units) >= 0 || IsUnguarded;

    private bool IsUnguarded => Call.Place == 0;

    /// <summary>Whether the running operation, of this very lruvec, is one of a set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Runs(uint operations)
    {
        PolicyCall call = Call;
        return ((1u << (int)call.Operation) & operations) != 0 && (call.Place == 0 || (call.Place ^ _here) < 1 << 8);
    }

    /// <summary>Whether the running operation may change something; else it is refused.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool MayChange() => ((1u << (int)Call.Operation) & Inspections) == 0 || Refuse(PolicyOverride.WrongOperation);

    private static PolicyCall HereOrNew() => _callHere ??= PolicyThreads.Enter();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void BeginSample(PolicyCall call, PolicyOperation outer)
    {
        call.UntilSample = SampleStride;
        call.Samples++;
        if (call.Samples % PolicyRecord.Forgiveness == 0)
            _host.RecordOf(Tag).Forgive();
        if (outer != PolicyOperation.None || ((1u << (int)call.Operation) & (Inspections | LifeCycle)) != 0)
            return;
        call.IsSampled = true;
        call.AllocatedBefore = GC.GetAllocatedBytesForCurrentThread();
        if (_concurrent)
            call.CpuBefore = ThreadClock.Nanoseconds();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EndChecked(PolicyCall call, long outer)
    {
        if (call.Fuel < 0)
            Refuse(PolicyOverride.OutOfFuel);
        if (!call.IsSampled || outer != 0)
            return;
        call.IsSampled = false;
        bool allocated = GC.GetAllocatedBytesForCurrentThread() != call.AllocatedBefore;
        bool slow = _concurrent && ThreadClock.Nanoseconds() - call.CpuBefore > _host.CallNanoseconds;
        if (!allocated && !slow)
            return;
        uint operation = 1u << (int)call.Operation;
        if ((call.Forgiven & operation) == 0)
        {
            call.Forgiven |= operation;
            return;
        }

        if (allocated)
            Refuse(PolicyOverride.Allocated);
        if (slow)
            Refuse(PolicyOverride.TooSlow);
    }
}
