using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Structs;

namespace ReclaimNative.Bindings;

/// <summary>
/// A batch of accesses from C, of an address space or a file: its arguments checked, and its two ways to end early as statuses and not as
/// exceptions, since the tally has to go out.
/// </summary>
internal readonly unsafe ref struct AccessBatch
{
    private readonly TallyStruct* _tally;
    private readonly uint _size;

    public AccessBatch(uint* words, ulong count, TallyStruct* tally)
    {
        _tally = tally;
        _size = CallerStruct.SizeIfGiven<TallyStruct>(tally);
        if (count > int.MaxValue)
            throw new Refusal(Status.Invalid, $"count is {count}; up to {int.MaxValue} are accepted in one batch.");
        if (count != 0)
            Check.NotNull(words, "words");
        Words = new ReadOnlySpan<uint>(words, (int)count);
    }

    public ReadOnlySpan<uint> Words { get; }

    /// <summary>The status of a batch that was worked off, whole or up to the word whose page could not come in.</summary>
    public static int Outcome(ReadOnlySpan<uint> words, in AccessTally counts)
    {
        if (counts.Refused == 0)
            return Status.Ok;
        uint page = words[(int)counts.Accesses - 1] & ~Engine.WriteBit;
        return counts.Failed > 0
            ? LastError.Set(Status.Io, $"Page {page} could not be brought in: page_in said that it failed.")
            : LastError.Set(Status.NoMemory, $"There is no memory for page {page}: nothing that may be reclaimed is left.");
    }

    /// <summary>The status of a batch that ended before a word beyond the last page.</summary>
    public static int Beyond(ReadOnlySpan<uint> words, in AccessTally counts, string what, ulong pages) =>
        LastError.Set(Status.Range, $"Word {counts.Accesses} names page {words[(int)counts.Accesses] & ~Engine.WriteBit}, beyond the last page of the {what}, {pages - 1}.");

    /// <summary>Gives the caller his tally, if he wants one.</summary>
    public void Write(in AccessTally counts)
    {
        if (_tally == null)
            return;
        CallerStruct.Write(_tally, _size, new TallyStruct
        {
            StructSize = _size,
            Processed = (ulong)counts.Accesses,
            Hits = (ulong)counts.Hits,
            MinorFaults = (ulong)counts.MinorFaults,
            ColdFaults = (ulong)counts.ColdFaults,
            Refaults = (ulong)counts.Refaults,
            Refused = (ulong)counts.Refused,
            WorkingsetRefaults = (ulong)counts.WorkingsetRefaults,
            ThrottledMs = (ulong)counts.ThrottledMs,
        });
    }
}
