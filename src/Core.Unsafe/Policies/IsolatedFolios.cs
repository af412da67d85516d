using System.Runtime.CompilerServices;

namespace ReclaimNative.Policies;

/// <summary>The core's own note of the folios of a batch, out of reach of the policy that works on it.</summary>
internal struct IsolatedFolios
{
    public int Count;
    private Pfns _pfns;

    public uint this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        readonly get => _pfns[index];
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => _pfns[index] = value;
    }

    /// <summary>Notes the folios of a batch.</summary>
    public void Copy(in FolioBatch batch) => Copy(batch, batch.Count);

    /// <summary>Notes the first of a batch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Copy(in FolioBatch batch, int count)
    {
        Count = count;
        for (int i = 0; i < count; i++)
            _pfns[i] = batch[i];
    }

    [InlineArray(FolioBatch.Capacity)]
    private struct Pfns
    {
        private uint _first;
    }
}
