using ReclaimNative.Machine;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>An amount of some cgroups, such as what is resident, on average over the moments at which it was looked at, by their weights.</summary>
/// <param name="memcgs">Which; one may come twice.</param>
/// <param name="amount">What is looked at.</param>
internal sealed class MeanOverTime(IReadOnlyList<MemoryCgroup> memcgs, Func<MemoryCgroup, double> amount)
{
    private readonly double[] _sums = new double[memcgs.Count];
    private double _weights;

    /// <summary>Looks at them now.</summary>
    /// <param name="weight">What the look counts for; the time since the last one, or 1.</param>
    public void Sample(double weight)
    {
        _weights += weight;
        for (int i = 0; i < _sums.Length; i++)
            _sums[i] += amount(memcgs[i]) * weight;
    }

    /// <summary>The mean of one of them; 0 when nobody has looked.</summary>
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
