using ReclaimNative.Concurrency;
using ReclaimNative.Machine;
using ReclaimNative.Memory;

namespace ReclaimNative;

/// <summary>One column of an engine's tables: an array of one field.</summary>
/// <param name="Name">Table and field, such as <c>frame.flags</c>.</param>
/// <param name="ElementBytes">Bytes of one element.</param>
/// <param name="Elements">Elements reserved.</param>
/// <param name="ResidentBytes">Bytes that memory backs now, in whole pages of the system's: those that were ever touched.</param>
public readonly record struct ColumnFootprint(string Name, int ElementBytes, ulong Elements, ulong ResidentBytes)
{
    /// <summary>Bytes of address space reserved.</summary>
    public ulong Bytes => (ulong)ElementBytes * Elements;
}

public sealed unsafe partial class Engine
{
    /// <summary>Width of the vectors that this engine uses, chosen when it was built: 64 (none), 128, 256 or 512 bits.</summary>
    public int VectorBits => (int)_machine.VectorWidth;

    /// <summary>
    /// Every column of this engine in the order of reservation: all the native memory that it has, but for its log of hits.
    /// Asks the system about every page of them, and allocates the answer; for inspection.
    /// </summary>
    public IReadOnlyList<ColumnFootprint> MeasureFootprint()
    {
        ThrowIfDisposed();
        var footprints = new ColumnFootprint[_machine.Columns.Count];
        for (int i = 0; i < footprints.Length; i++)
        {
            ColumnCost column = _machine.Columns[i];
            footprints[i] = new ColumnFootprint(column.Name, column.ElementBytes, column.Count, _machine.ResidentBytesOf(i));
        }

        return footprints;
    }

    /// <summary>
    /// Has what is kept for the frames of a node backed by memory, touched by the calling thread: to be called on a thread
    /// that runs on the node of the system that should hold it. What is not touched so is backed when it is first used.
    /// </summary>
    public void FirstTouch(Node node)
    {
        ThrowIfDisposed();
        Own(node);
        using QuiesceGate.Passage call = EnterCall();
        _machine.FirstTouch(node);
    }
}
