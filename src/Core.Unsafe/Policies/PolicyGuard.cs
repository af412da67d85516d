namespace ReclaimNative.Policies;

/// <summary>What <see cref="PolicyView.Begin"/> puts aside while an operation runs: that of the operation which called it, if any.</summary>
internal readonly struct PolicyGuard(PolicyCall call, long place, long fuel)
{
    public readonly PolicyCall Call = call;
    public readonly long Place = place;
    public readonly long Fuel = fuel;
}
