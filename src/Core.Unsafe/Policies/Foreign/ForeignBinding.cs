using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Machine;

namespace ReclaimNative.Policies;

/// <summary>A lruvec that is bound to a C policy: the policy's operations, and the struct that C knows the lruvec by.</summary>
/// <remarks>The struct keeps its address for as long as the engine lives.</remarks>
internal sealed unsafe class ForeignBinding : IDisposable
{
    /// <summary>The policy's operations; where one is empty, its default is done here.</summary>
    public readonly ForeignPolicyTable Table;

    private GCHandle _handle;

    /// <param name="at">Memory for the struct, which outlives this.</param>
    /// <param name="view">The lruvec.</param>
    /// <param name="source">Its policy.</param>
    /// <param name="machine">What the struct points into.</param>
    public ForeignBinding(ForeignLruvec* at, PolicyView view, ForeignPolicySource source, MachineState machine)
    {
        Table = source.Table;
        Lruvec = at;
        _handle = GCHandle.Alloc(view, GCHandleType.Weak);
        PolicyDescriptor descriptor = view.Definition.Descriptor;
        *Lruvec = new ForeignLruvec
        {
            Helpers = ForeignHelpers.Table,
            State = view.Lruvec.State,
            Words = machine.PolicyWords,
            History = machine.HistoryWords,
            Flags = machine.Frames.FlagWords,
            Lists = Unsafe.AsPointer(ref machine.Lists.ListAt(view.Lruvec.Lists, 0)),
            Resident = view.Lruvec.OwnResident,
            WordsStride = (uint)machine.PolicyWordCount,
            HistoryStride = (uint)machine.HistoryWordCount,
            FrameCount = machine.Frames.Count,
            PageCount = (uint)machine.Tables.Slots,
            ListCount = (uint)descriptor.Lists,
            OrderCount = (uint)descriptor.Orders,
            Mechanisms = (uint)view.Definition.Mechanisms,
            StampMask = view.StampMask,
            StampOrder = (uint)view.StampOrder,
            Memcg = view.Memcg.Id,
            Node = (uint)view.Node.Id,
            Core = GCHandle.ToIntPtr(_handle),
        };
        if (descriptor.Orders > 0 && machine.Orders is { } orders)
        {
            Lruvec->FirstOrder = orders.NumberOf(view.Lruvec.Index, 0);
            Lruvec->Orders = orders.EndsFrom(Lruvec->FirstOrder);
            Lruvec->OrderLinks = orders.Links;
        }
    }

    /// <summary>reclaim_lruvec_t.</summary>
    public ForeignLruvec* Lruvec { get; }

    /// <summary>The lruvec that C names.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PolicyView ViewOf(ForeignLruvec* lruvec) => Unsafe.As<PolicyView>(GCHandle.FromIntPtr(lruvec->Core).Target!);

    public void Dispose()
    {
        if (_handle.IsAllocated)
            _handle.Free();
    }
}
