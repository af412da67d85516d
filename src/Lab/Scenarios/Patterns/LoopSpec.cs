namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// `loop`: page 0, 1, 2, ... to the last and again from 0: a file that is scanned over and over. Just above the memory
/// there is, it is the worst case of LRU, which then misses at every access.
/// </summary>
public sealed record LoopSpec : PatternSpec
{
    /// <param name="pages">Length of the loop.</param>
    /// <param name="write">Share of the accesses that write.</param>
    public LoopSpec(uint pages, double write = 0)
        : base(pages, write)
    {
    }

    /// <inheritdoc/>
    public override string Kind => "loop";

    /// <inheritdoc/>
    public override AccessPattern Create(ulong seed) => new Stream(this, seed);

    private sealed class Stream(LoopSpec spec, ulong seed) : AccessPattern(seed, spec.Write, spec.Pages)
    {
        private uint _next;

        private protected override void FillPages(Span<uint> pages)
        {
            foreach (ref uint page in pages)
            {
                page = _next;
                _next = _next + 1 == spec.Pages ? 0 : _next + 1;
            }
        }
    }
}
