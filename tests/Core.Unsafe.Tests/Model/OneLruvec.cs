using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;

namespace ReclaimNative.Tests.Model;

/// <summary>One lruvec under one policy, with an anonymous space and a file, for tests that look at single folios.</summary>
internal sealed unsafe class OneLruvec : IDisposable
{
    private AccessTally _tally;

    public OneLruvec(string policy, ulong? swapPages = null)
    {
        Engine = new Engine(SmallMachine.Options(SmallMachine.Policy(policy)) with { SwapPages = swapPages });
        Space = Engine.CreateAddressSpace("anon", 2048);
        File = Engine.CreateFile(2048);
        View = Engine.Host.ViewOf(Engine.Root, Engine.Nodes[0]);
    }

    public Engine Engine { get; }

    public AddressSpace Space { get; }

    public PageFile File { get; }

    public PolicyView View { get; }

    public MachineState Machine => Engine.Machine;

    /// <summary>Faults an anonymous page in. Returns its frame.</summary>
    public uint Anon(uint page)
    {
        Engine.Access(Space, [page], ref _tally);
        return Machine.Tables.FrameAt(Space.BaseSlot + page);
    }

    /// <summary>Reads a page of the file by descriptor so many times. Returns its frame.</summary>
    public uint Read(uint page, int times = 1)
    {
        for (int i = 0; i < times; i++)
            Engine.AccessFile(File, page, false, null, 0, ref _tally);
        return Machine.Tables.FrameAt(File.SlotOf(page));
    }

    /// <summary>A new space that maps the whole file, with a page of it accessed.</summary>
    public AddressSpace Mapping(uint page, VmaFlags flags = VmaFlags.None, MemoryCgroup? memcg = null, bool write = false)
    {
        AddressSpace space = Engine.CreateAddressSpace("mapping", File.Pages, memcg);
        Engine.Map(space, 0, File.Pages, File, 0, flags);
        Engine.Access(space, [write ? page | Engine.WriteBit : page], ref _tally);
        return space;
    }

    /// <summary>Takes a folio off its list, gives it these flags and has the policy place it.</summary>
    public void PlaceAgain(uint pfn, FolioFlags flags, PlaceHint hint = PlaceHint.Head)
    {
        View.Ops.Remove(View, pfn, RemoveReason.Freed);
        View.Unlink(pfn);
        Machine.Frames.Change(pfn, ~(FolioFlags.Isolated | FolioFlags.SwapBacked), flags);
        View.Place(pfn, hint);
    }

    public FolioFlags FlagsOf(uint pfn) => Machine.Frames.Flags(pfn);

    /// <summary>The flags by which policies remember, without those by which the core does.</summary>
    public FolioFlags MemoryOf(uint pfn) =>
        FlagsOf(pfn) & (FolioFlags.Active | FolioFlags.Referenced | FolioFlags.Workingset | FolioFlags.RefsMask);

    public void Dispose() => Engine.Dispose();
}
