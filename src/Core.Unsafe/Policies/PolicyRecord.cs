using System.Collections.Immutable;
using ReclaimNative.Concurrency;
using ReclaimNative.Memory;

namespace ReclaimNative.Policies;

/// <summary>How one policy of an engine has behaved.</summary>
/// <remarks>Any thread may count and strike; strikes that threads lose to each other's halving are forgiven.</remarks>
internal sealed class PolicyRecord(bool concurrent)
{
    /// <summary>Samples after which strikes are halved.</summary>
    public const long Forgiveness = 64;

    /// <summary>Reclaims in a row that fail by the policy's doing, at which it is ejected.</summary>
    private const long FailureLimit = 3;

    private static readonly int Kinds = Enum.GetValues<PolicyOverride>().Length;

    private readonly long[] _counts = new long[Kinds];
    private long _strikes;
    private long _failures;
    private int _ejected;
    private bool _isInCare;
    private PolicyEjection? _ejection;

    /// <summary>What has been counted; an ejection stays, whatever is put back.</summary>
    public void Pass(StateLog log)
    {
        log.Pass(_counts);
        log.Pass(ref _strikes);
        log.Pass(ref _failures);
    }

    /// <summary>The end of it, for a copy of the engine.</summary>
    public void PassEjection(StateLog log)
    {
        log.Pass(ref _ejected);
        log.Pass(ref _isInCare);
        if (!log.Through(_ejection is not null))
            return;
        _ejection = new PolicyEjection(
            (PolicyOverride)log.Through((long)(_ejection?.Cause ?? 0)),
            (PolicyOperation)log.Through((long)(_ejection?.Operation ?? 0)),
            log.Through(_ejection?.Message) ?? "",
            log.Through(_ejection?.Fallback) ?? "",
            log.Through(_ejection?.Dump) ?? "");
    }

    /// <summary>It has been ejected, or is just being.</summary>
    public bool IsEjected => Volatile.Read(ref _ejected) != 0;

    /// <summary>The caretaker answers in its place.</summary>
    public bool IsInCare
    {
        get => Volatile.Read(ref _isInCare);
        set => Volatile.Write(ref _isInCare, value);
    }

    /// <summary>The end of it; null until it is written up, a moment after it began.</summary>
    public PolicyEjection? Ejection
    {
        get => Volatile.Read(ref _ejection);
        set => Volatile.Write(ref _ejection, value);
    }

    /// <summary>Counts an override; true when the policy has had one too many.</summary>
    public bool Count(PolicyOverride kind)
    {
        Atomic.Add(ref _counts[(int)kind], 1, concurrent);
        if (kind is PolicyOverride.Withheld or PolicyOverride.KeptAll)
            return Atomic.Add(ref _failures, 1, concurrent) >= FailureLimit;
        return Atomic.Add(ref _strikes, WeightOf(kind), concurrent) >= PolicyReport.StrikeLimit;
    }

    /// <summary>A reclaim that this policy had to do with has freed something.</summary>
    public void Succeed()
    {
        if (Volatile.Read(ref _failures) != 0)
            Volatile.Write(ref _failures, 0);
    }

    public void Forgive() => Volatile.Write(ref _strikes, Volatile.Read(ref _strikes) / 2);

    /// <summary>The right to eject it, given once.</summary>
    public bool TryEject() => Interlocked.Exchange(ref _ejected, 1) == 0;

    public ImmutableArray<long> Counts() => [.. _counts];

    private static int WeightOf(PolicyOverride kind) => kind switch
    {
        PolicyOverride.Endless or PolicyOverride.Pinned => 0,
        PolicyOverride.OutOfFuel => 8,
        PolicyOverride.TooMany or PolicyOverride.Tampered or PolicyOverride.Allocated or PolicyOverride.TooSlow => 16,
        PolicyOverride.Threw => PolicyReport.StrikeLimit,
        _ => 1,
    };
}
