namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// `uniform`: every page equally likely at every access. No policy can do better than chance on it: what differs is cost.
/// </summary>
public sealed record UniformSpec : PatternSpec
{
    /// <param name="pages">Pages that are touched.</param>
    /// <param name="write">Share of the accesses that write.</param>
    public UniformSpec(uint pages, double write = 0)
        : base(pages, write)
    {
    }

    /// <inheritdoc/>
    public override string Kind => "uniform";

    /// <inheritdoc/>
    public override AccessPattern Create(ulong seed) => new Stream(this, seed);

    private sealed class Stream(UniformSpec spec, ulong seed) : AccessPattern(seed, spec.Write, spec.Pages)
    {
        private protected override void FillPages(Span<uint> pages)
        {
            Xoshiro256 random = Random;
            foreach (ref uint page in pages)
                page = random.Below(spec.Pages);
            Random = random;
        }
    }
}
