using ReclaimNative.Machine;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>How much of some cgroups is resident, on average over the moments at which it was looked at, by their weights.</summary>
/// <param name="memcgs">Which; one may come twice.</param>
internal sealed class ResidentMeans(IReadOnlyList<MemoryCgroup> memcgs)
{
    private readonly double[] _sums = new double[memcgs.Count];
    private double _weights;

    /// <summary>Looks at them now.</summary>
    /// <param name="weight">What the look counts for; the time since the last one, or 1.</param>
    public void Sample(double weight)
    {
        _weights += weight;
        for (int i = 0; i < _sums.Length; i++)
            _sums[i] += memcgs[i].Usage * weight;
    }

    /// <summary>The mean of one of them in pages; 0 when nobody has looked.</summary>
    public double Of(MemoryCgroup memcg)
    {
        for (int i = 0; i < _sums.Length; i++)
        {
            if (ReferenceEquals(memcgs[i], memcg))
                return _weights > 0 ? _sums[i] / _weights : 0;
        }

        throw new ArgumentException($"Cgroup {memcg.Path} is not among those looked at.", nameof(memcg));
    }
}
