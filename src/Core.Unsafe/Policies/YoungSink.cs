using ReclaimNative.Mechanisms;

namespace ReclaimNative.Policies;

/// <summary>Hands pages that a mechanism found accessed to the policy of the lruvec.</summary>
internal unsafe readonly struct YoungSink(PolicyView view, YoungSource source) : IYoungSink
{
    public void OnYoung(ReadOnlySpan<uint> pfns) => view.Ops.OnYoung(view, pfns, source);
}
