using System.Runtime.CompilerServices;
using ReclaimNative.Frames;

namespace ReclaimNative.Policies;

/// <summary>
/// Folios that a policy isolated from one lruvec, at most 64, and what became of them. The policy fills it through
/// <see cref="PolicyView.TryIsolate(uint, ref FolioBatch)"/>; after the core has worked on it, [0, <see cref="Survivors"/>) are those that
/// have stayed.
/// </summary>
public struct FolioBatch
{
    /// <summary>The most folios of one batch.</summary>
    public const int Capacity = 64;

    private Numbers _pfns;

    /// <summary>Folios isolated.</summary>
    public int Count { get; internal set; }

    /// <summary>What they were isolated for.</summary>
    public Disposition Disposition { get; set; }

    /// <summary>Type that the batch was taken from, for policies that take one at a time.</summary>
    public FolioType Type { get; set; }

    /// <summary>Pages scanned: those isolated, and those that the policy says it passed over.</summary>
    public long Scanned { get; internal set; }

    /// <summary>How many of the scanned pages belong to files.</summary>
    public long ScannedFile { get; internal set; }

    /// <summary>Pages looked at, taken or not: what the bound on a visit counts. 0 ends the visit.</summary>
    public long Examined { get; set; }

    /// <summary>Pages that left the node with the batch: evicted or demoted.</summary>
    public long Reclaimed { get; internal set; }

    /// <summary>How many of them belonged to files.</summary>
    public long ReclaimedFile { get; internal set; }

    /// <summary>How many of them were demoted.</summary>
    public long Demoted { get; internal set; }

    /// <summary>How many of those belonged to files.</summary>
    internal long DemotedFile { get; set; }

    /// <summary>Pages written to backing store for it.</summary>
    public long Written { get; internal set; }

    /// <summary>Folios left because the policy's verdict was to keep them.</summary>
    internal long KeptByPolicy { get; set; }

    /// <summary>Folios left.</summary>
    public int Survivors { get; internal set; }

    /// <summary>The frame numbers where they lie, for C: of a batch that does not move.</summary>
    internal readonly unsafe uint* Pfns => (uint*)Unsafe.AsPointer(ref Unsafe.AsRef(in _pfns));

    /// <summary>An empty batch in memory that was not cleared: the numbers past <see cref="Count"/> are never read.</summary>
    internal void Begin()
    {
        Count = Survivors = 0;
        Disposition = default;
        Type = default;
        Scanned = ScannedFile = Examined = Reclaimed = ReclaimedFile = Demoted = DemotedFile = Written = KeptByPolicy = 0;
    }

    /// <summary>Whether these are the folios that were isolated, in that order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly bool HoldsWhat(in IsolatedFolios isolated)
    {
        if (Count != isolated.Count)
            return false;
        for (int i = 0; i < Count; i++)
        {
            if (_pfns[i] != isolated[i])
                return false;
        }

        return true;
    }

    /// <summary>Holds the folios that were isolated, and no others.</summary>
    internal void TakeFrom(in IsolatedFolios isolated)
    {
        Count = isolated.Count;
        for (int i = 0; i < Count; i++)
            _pfns[i] = isolated[i];
        Scanned = Math.Max(Scanned, Count);
        ScannedFile = Math.Clamp(ScannedFile, 0, Scanned);
    }

    /// <summary>Holds the survivors that there were before it was shown to a policy, and no others.</summary>
    internal void RestoreSurvivors(in IsolatedFolios survivors)
    {
        Survivors = survivors.Count;
        for (int i = 0; i < Survivors; i++)
            _pfns[i] = survivors[i];
    }

    /// <summary>Whether its survivors are those that there were, in that order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly bool HasSurvivors(in IsolatedFolios survivors)
    {
        if (Survivors != survivors.Count)
            return false;
        for (int i = 0; i < Survivors; i++)
        {
            if (_pfns[i] != survivors[i])
                return false;
        }

        return true;
    }

    internal void CountScanned(FolioType type)
    {
        Scanned++;
        if (type == FolioType.File)
            ScannedFile++;
    }

    /// <summary>Frame number of folio <paramref name="index"/>.</summary>
    public uint this[int index]
    {
        readonly get => _pfns[index];
        internal set => _pfns[index] = value;
    }

    [InlineArray(Capacity)]
    private struct Numbers
    {
        private uint _first;
    }
}
