using ReclaimNative.PageTables;

namespace ReclaimNative.Reclaim;

/// <summary>A page that goes out or comes in: of an address space when it is anonymous, else of a file.</summary>
/// <param name="Space">The owner of an anonymous page, or null.</param>
/// <param name="File">The file of a file page, or null.</param>
/// <param name="Page">Its page number in the space or file.</param>
/// <param name="Dirty">It was written to since it last came in.</param>
/// <param name="NodeId">The node that it is on.</param>
/// <param name="Cookie">What its owner gave it when it was added, with <see cref="Machine.MachineOptions.Cookies"/>; else 0.</param>
/// <param name="First">It comes in and has never been in memory.</param>
public readonly record struct BackedPage(
    AddressSpace? Space, PageFile? File, ulong Page, bool Dirty, int NodeId, ulong Cookie = 0, bool First = false);

/// <summary>
/// What lies behind memory, supplied by the engine's owner: told of every page that goes out and comes in, and asked
/// before one goes. An engine without one models a store that always has room and never fails.
/// </summary>
/// <remarks>Called on the thread that reclaims or faults. It must not call the engine back.</remarks>
public abstract class Backing
{
    /// <summary>
    /// May this victim be evicted now? <see cref="PageAnswer.Evict"/> gives it up; with any other answer it stays resident, and reclaim
    /// goes on with others.
    /// </summary>
    public virtual PageAnswer PageOut(in BackedPage page) => PageAnswer.Evict;

    /// <summary>
    /// May this page move to <paramref name="toNode"/>? An owner of real memory moves it here; no access reaches the page
    /// until this returns. False keeps it where it is, and reclaim treats it as one that no lower node had room for: unless
    /// the reclaim is proactive, it asks <see cref="PageOut"/> next.
    /// </summary>
    /// <param name="page">The page; its node is the one that it is on. It stays resident: it neither goes out nor comes in.</param>
    /// <param name="toNode">Number of the node whose frame it is to have.</param>
    public virtual bool Migrate(in BackedPage page, int toNode) => true;

    /// <summary>
    /// A page that was evicted before comes back; with <see cref="EngineOptions.FirstTouch"/>, also one that has never been there
    /// (<see cref="BackedPage.First"/>). An owner of real memory reads it here.
    /// </summary>
    /// <returns>False: it could not be read. It stays absent as it was, and the access fails (<see cref="AccessTally.Failed"/>).</returns>
    public virtual bool PageIn(in BackedPage page) => true;
}
