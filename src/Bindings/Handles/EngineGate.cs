using System.Diagnostics;
using System.Runtime.CompilerServices;
using ReclaimNative.Bindings.Boundary;

namespace ReclaimNative.Bindings.Handles;

/// <summary>
/// Who may be inside an engine: one thread at a time, whichever it is, or all that come; and nobody after its end. A call that may not is
/// refused; it waits for nothing but a decision that is being made. Nothing on the way in and out is a locked operation.
/// </summary>
/// <remarks>
/// <para>An engine for one thread belongs to the thread that used it last. Another one takes it over on the slow path, some microseconds; an
/// engine that changes hands often is shared from then on, and each call takes and gives back one word by a locked operation.</para>
/// <code>
/// Invariant:   a call is inside from TryEnter or Enter until Leave. Of an engine for one thread at most one is; none is when TryClose or
///              TryEnd has succeeded, of the engine or the part, and none comes in after.
/// Ordering:    Dekker, with the fence on the rare side alone. A call stores its handle in its thread's record, then reads the owner and
///              whether the handle's entry has ended; both accesses are volatile, so the compiler keeps their order, and the processor may
///              swap them. The rare side stores Nobody as the owner, or the entry's end, has every thread of the process pass a full fence
///              (Interlocked.MemoryBarrierProcessWide), then reads all records. A call whose store is before its thread's fence is seen; a
///              call whose store is after it also reads after it, sees the rare side's store, and takes the slow path.
///              The slow path decides under the lock that the rare side holds: it sees how that has ended, never the middle.
///              Publication: leaving is a release store of 0, which the rare side reads before it hands the engine on. The new owner is
///              the thread that read it; a thread that reads its own number as the owner was the last to be inside.
///              Passes: a call by the handle of its thread's last one notes itself and then reads, instead of owner, entry and table, whether
///              Changes is what it was before those were looked at for the last one. The rare side writes what changes, then Changes, then
///              fences: who reads Changes anew reads that as well, and who has the old number is told apart by the argument above.
///              Levels: a call within a callback uses the next place of the record. The places of the calls around it stay as they are,
///              so that one look at each is enough.
/// Progress:    a call waits on the slow path for a fence and a look at the records, never for another call.
/// ABA:         a thread becomes the owner by a call of its own alone, so one that finds itself the owner after it has looked an entry up was
///              so all the time; only it could have ended the entry.  Handles are never given out twice. A record that changes hands does so when its thread is gone and was not inside;
///              the engines that it owned then belong to the new thread, which comes to the same.
/// Checked by:  EngineGateTests, with a gate without the fence that fails; tests/Bindings.Tests/c/abi_threads.c.
/// </code>
/// </remarks>
internal sealed unsafe class EngineGate
{
    /// <summary>The owner of an engine that takes all threads.</summary>
    public const int Everybody = -1;

    /// <summary>It is being decided, under the lock, or the engine has ended.</summary>
    private const int Nobody = -2;

    /// <summary>One thread at a time, and <see cref="_holder"/> says which.</summary>
    private const int Shared = -3;

    /// <summary>Changes of hands after which an engine is shared: each costs a fence in every thread, a hundred times a locked operation.</summary>
    private const int MostTakeovers = 16;

    /// <summary>
    /// Counts, from 1, the engines that were closed or changed hands and the parts that ended. Written under the lock, after what it counts and
    /// before the fence.
    /// </summary>
    public static ulong Changes => Volatile.Read(ref _changes);

    private static ulong _changes = 1;

    private readonly HandleTable _table;
    private int _owner;
    private int _holder;
    private int _takeovers;

    /// <summary>The gate of an engine that takes all threads, or one at a time, first the one that makes it.</summary>
    public EngineGate(HandleTable table, bool concurrent)
    {
        _table = table;
        _owner = concurrent ? Everybody : CallRecords.Register()->Id;
    }

    /// <summary>Enters by a living entry, where nothing is in the way that needs a closer look.</summary>
    /// <param name="by">What the call's handle stands for.</param>
    /// <param name="at">Where the call is noted, for <see cref="Leave"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryEnter(HandleEntry by, out ulong* at)
    {
        CallRecord* mine = CallRecord.Mine;
        at = (ulong*)mine;
        if (mine == null || *at != 0)
            return false;
        Volatile.Write(ref *at, by.Handle);
        int owner = Volatile.Read(ref _owner);

        // The owner has been no other thread since it looked the entry up, so the entry has not ended since; see ABA.
        if (owner == mine->Id || (owner == mine->Everybody && by.Life == Life.Lives))
            return true;
        Leave(at);
        return false;
    }

    /// <summary>Leaves; the call was not one of a shared engine.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Leave(ulong* at) => Volatile.Write(ref *at, 0); // release: what the call wrote is before it

    /// <summary>Leaves a shared engine.</summary>
    public void LeaveShared(ulong* at)
    {
        Leave(at);
        Volatile.Write(ref _holder, 0);
    }

    /// <summary>Enters by an entry, or says why not.</summary>
    /// <param name="by">What the call's handle stands for.</param>
    /// <param name="shared">The call is to end with <see cref="LeaveShared"/>.</param>
    /// <returns>Where the call is noted; null when the entry has ended.</returns>
    /// <exception cref="Refusal">A call is in the way, of this thread or another.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public ulong* Enter(HandleEntry by, out bool shared)
    {
        CallRecord* mine = CallRecords.Register();
        ulong* at = FreeLevel(mine);
        if (Volatile.Read(ref _owner) == Shared && TryHold(by, mine, at))
        {
            shared = true;
            return at;
        }

        lock (CallRecords.Rare)
        {
            // Ends and takeovers are decided under this lock, so nothing that is read here changes before it is given back.
            shared = _owner == Shared;
            if (by.Life == Life.Ended)
                return null;
            if (by.Life == Life.Ends)
                throw new Refusal(Status.Busy, $"The handle is that of {by.Kind} which another thread is destroying.");
            if (shared && Interlocked.CompareExchange(ref _holder, mine->Id, 0) != 0)
                throw AnotherThread();
            if (_owner != Everybody && _owner != mine->Id && !shared)
                shared = TakeOver(mine);
            Volatile.Write(ref *at, by.Handle);
            return at;
        }
    }

    /// <summary>Closes the engine for good, if no call is inside. To be called with <see cref="CallRecords.Rare"/> held.</summary>
    /// <exception cref="Refusal">A call is inside. Nothing has changed.</exception>
    public void Close()
    {
        CallRecord* mine = CallRecords.Register();
        _ = FreeLevel(mine);
        int before = _owner;
        Volatile.Write(ref _owner, Nobody);
        EndPasses();
        Interlocked.MemoryBarrierProcessWide();
        if (!CallRecords.IsAnyInside(null, IsOurs))
            return;
        Volatile.Write(ref _owner, before);
        throw AnotherThread();
    }

    /// <summary>
    /// Begins the end of a part of the engine, which the calling thread is inside of, if no other call came by its handle: from here on none
    /// does, until <see cref="End"/> or <see cref="Revive"/>.
    /// </summary>
    /// <param name="part">The part; the call came by it.</param>
    /// <param name="engine">Handle of the engine.</param>
    /// <exception cref="Refusal">A call is inside by the part's handle, or another thread has ended it.</exception>
    public void BeginEnd(HandleEntry part, ulong engine)
    {
        // The part's handle will find nothing: from here on the call is one that came by the engine's.
        CallRecord* mine = CallRecord.Mine;
        int level = 0;
        while (level < CallRecord.Levels - 1 && mine->Inside[level] != part.Handle)
            level++;
        Debug.Assert(mine->Inside[level] == part.Handle, "the call came by the part's handle");
        Volatile.Write(ref mine->Inside[level], engine);
        lock (CallRecords.Rare)
        {
            if (part.Life != Life.Lives)
                throw new Refusal(Status.BadHandle, $"The handle is that of {part.Kind} which another thread has destroyed.");
            part.Life = Life.Ends;
            EndPasses();
            if (_owner != Everybody)
                return;
            Interlocked.MemoryBarrierProcessWide();
            if (!CallRecords.IsAnyInside(null, handle => handle == part.Handle))
                return;
            part.Life = Life.Lives;
        }

        throw new Refusal(Status.Busy, $"Another thread is inside a call that was given the same handle of {part.Kind}.");
    }

    /// <summary>A part has ended.</summary>
    public void End(HandleEntry part)
    {
        lock (CallRecords.Rare)
            part.Life = Life.Ended;
        _table.Remove(part);
    }

    /// <summary>A part has not ended after all.</summary>
    public static void Revive(HandleEntry part)
    {
        lock (CallRecords.Rare)
            part.Life = Life.Lives;
    }

    /// <summary>What calls were found to be let in by may hold no more: each looks again.</summary>
    private static void EndPasses() => Volatile.Write(ref _changes, _changes + 1);

    private static Refusal AnotherThread() => new(Status.Busy, "Another thread is inside a call on this engine.");

    /// <summary>The place of this thread's next call.</summary>
    private ulong* FreeLevel(CallRecord* mine)
    {
        for (int level = 0; level < CallRecord.Levels; level++)
        {
            if (mine->Inside[level] == 0)
                return &mine->Inside[level];
            if (IsOurs(mine->Inside[level]))
                throw new Refusal(Status.Busy, "The call comes from inside a callback of the same engine, which has to return first.");
        }

        throw new Refusal(Status.Busy, $"The call comes from inside callbacks of {CallRecord.Levels} engines, each within a call of the one before, which are the most.");
    }

    private bool IsOurs(ulong handle) => ReferenceEquals(_table.Find(handle)?.Gate, this);

    private bool TryHold(HandleEntry by, CallRecord* mine, ulong* at)
    {
        Volatile.Write(ref *at, by.Handle);
        if (Interlocked.CompareExchange(ref _holder, mine->Id, 0) != 0)
        {
            Leave(at);
            throw AnotherThread();
        }

        // The locked operation is a full fence: the call was noted before this look, as in TryEnter.
        if (Volatile.Read(ref _owner) == Shared && by.Life == Life.Lives)
            return true;
        LeaveShared(at);
        return false;
    }

    /// <summary>Makes an engine that another thread owns this one's, if no call of that one is inside.</summary>
    /// <returns>It is shared from now on, and held.</returns>
    private bool TakeOver(CallRecord* mine)
    {
        Debug.Assert(_owner > 0, "an open engine with an owner");
        int before = _owner;
        Volatile.Write(ref _owner, Nobody);
        EndPasses();
        Interlocked.MemoryBarrierProcessWide();
        if (CallRecords.IsAnyInside(mine, IsOurs))
        {
            Volatile.Write(ref _owner, before);
            throw AnotherThread();
        }

        bool shared = ++_takeovers > MostTakeovers;
        _holder = shared ? mine->Id : 0;
        Volatile.Write(ref _owner, shared ? Shared : mine->Id);
        return shared;
    }
}
