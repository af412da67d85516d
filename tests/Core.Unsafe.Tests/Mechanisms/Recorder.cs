using ReclaimNative.Mechanisms;

namespace ReclaimNative.Tests.Mechanisms;

/// <summary>Remembers every page that a mechanism reports as young.</summary>
internal readonly struct Recorder(List<uint> pfns) : IYoungSink
{
    public List<uint> Pfns { get; } = pfns;

    public void OnYoung(ReadOnlySpan<uint> pfns) => Pfns.AddRange(pfns);
}
