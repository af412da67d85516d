using ReclaimNative.Machine;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>How much of some cgroups is resident, on average over the moments at which it was looked at.</summary>
/// <param name="memcgs">Which; one may come twice.</param>
internal sealed class ResidentMeans(IReadOnlyList<MemoryCgroup> memcgs)
{
    private readonly double[] _sums = new double[memcgs.Count];
    private long _samples;

    /// <summary>Looks at them now.</summary>
    public void Sample()
    {
        _samples++;
        for (int i = 0; i < _sums.Length; i++)
            _sums[i] += memcgs[i].Usage;
    }

    /// <summary>The mean of one of them in pages; 0 when nobody has looked.</summary>
    public double Of(MemoryCgroup memcg)
    {
        for (int i = 0; i < _sums.Length; i++)
        {
            if (ReferenceEquals(memcgs[i], memcg))
                return _sums[i] / Math.Max(1, _samples);
        }

        throw new ArgumentException($"Cgroup {memcg.Path} is not among those looked at.", nameof(memcg));
    }
}
