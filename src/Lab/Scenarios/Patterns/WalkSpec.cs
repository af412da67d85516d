namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// `walk`: each access is at most Step pages from the one before, to either side, around the end: a pointer chase through
/// a heap laid out by age. Neighbours in the page table are used together, which is what lookaround and the page-table
/// walk bet on.
/// </summary>
public sealed record WalkSpec : PatternSpec
{
    /// <param name="pages">Pages in all.</param>
    /// <param name="step">Longest step, less than <paramref name="pages"/>; all steps to it, 0 too, are equally likely.</param>
    /// <param name="write">Share of the accesses that write.</param>
    public WalkSpec(uint pages, uint step, double write = 0)
        : base(pages, write)
    {
        ArgumentOutOfRangeException.ThrowIfZero(step);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(step, pages);
        Step = step;
    }

    /// <summary>Longest step in pages.</summary>
    public uint Step { get; }

    /// <inheritdoc/>
    public override string Kind => "walk";

    /// <inheritdoc/>
    public override AccessPattern Create(ulong seed) => new Stream(this, seed);

    private sealed class Stream(WalkSpec spec, ulong seed) : AccessPattern(seed, spec.Write, spec.Pages)
    {
        private ulong _at;

        private protected override void FillPages(Span<uint> pages)
        {
            Xoshiro256 random = Random;
            foreach (ref uint page in pages)
            {
                // pages - step is added in place of subtracting step, so that nothing goes below zero.
                _at = (_at + (spec.Pages - spec.Step) + random.Below(2 * spec.Step + 1)) % spec.Pages;
                page = (uint)_at;
            }

            Random = random;
        }
    }
}
