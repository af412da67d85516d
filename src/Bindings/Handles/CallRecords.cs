using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Bindings.Boundary;

namespace ReclaimNative.Bindings.Handles;

/// <summary>
/// The records of all threads that have called. A thread gets one with its first call. A thread that ends says nothing to the library, so
/// whoever needs a record looks for one whose thread is gone when as many are given out as twice those that lived at the last look:
/// there are never more than twice as many records as threads at once, and 32.
/// </summary>
/// <remarks>
/// They lie in whole pages which the system hands to the child of a fork zeroed (MADV_WIPEONFORK, Linux 4.14): a call in the child finds no
/// owner's number in its record, takes the slow path and is refused there, for the other threads that the runtime counts on are gone.
/// Systems before that hand on the pages as they are, and such a call does what it can.
/// </remarks>
internal static unsafe partial class CallRecords
{
    private const int WipeOnFork = 18;
    private const int NoSuchProcess = 3;
    private const int PageBytes = 4096;
    private const int BlockPages = 4;
    private const int PerBlock = BlockPages * PageBytes / 128;

    /// <summary>Serialises what is rare: new records, and the closing and changing hands of engines.</summary>
    public static readonly Lock Rare = new();

    private static byte[][] _blocks = [];
    private static int _count;
    private static int _nextSweep = 32;

    /// <summary>Records that there are.</summary>
    public static int Count => Volatile.Read(ref _count);

    /// <summary>The calling thread's record, made or taken over from a thread that has ended where it has none.</summary>
    /// <exception cref="Refusal">The process is the child of a fork.</exception>
    public static CallRecord* Register()
    {
        if (CallRecord.Mine == null)
        {
            CheckNotForked(); // before the lock, which a thread that is not in the child may have held
            lock (Rare)
                CallRecord.Mine = Take(gettid());
        }

        return CallRecord.Mine->Id != 0 ? CallRecord.Mine : throw Forked();
    }

    /// <summary>Whether a record but <paramref name="mine"/> (null for none) is of a call that came by such a handle.</summary>
    public static bool IsAnyInside(CallRecord* mine, Func<ulong, bool> handle)
    {
        for (int i = 0; i < Count; i++)
        {
            CallRecord* record = At(i);
            if (record == mine)
                continue;
            for (int level = 0; level < CallRecord.Levels; level++)
            {
                ulong inside = Volatile.Read(ref record->Inside[level]);
                if (inside != 0 && handle(inside))
                    return true;
            }
        }

        return false;
    }

    private static void CheckNotForked()
    {
        if (Count > 0 && At(0)->Id == 0)
            throw Forked();
    }

    private static Refusal Forked() => new(
        Status.Unsupported, "The library was in use when this process was forked: the child may only exec, for the library's other threads are not in it.");

    private static CallRecord* Take(int thread)
    {
        CallRecord* free = null;
        if (_count >= _nextSweep)
        {
            int living = 0;
            for (int i = 0; i < _count; i++)
            {
                CallRecord* record = At(i);
                // A thread with our own number is an earlier one. Who ended inside a call has left it half done: its engine stays busy.
                if ((record->Thread == thread || IsGone(record->Thread)) && record->Inside[0] == 0)
                    free = record;
                else
                    living++;
            }

            _nextSweep = Math.Max(32, 2 * living);
        }

        if (free == null)
        {
            if (_count % PerBlock == 0)
                Volatile.Write(ref _blocks, [.. _blocks, NewBlock()]);
            free = At(_count);
            free->Id = _count + 1;
            free->Everybody = EngineGate.Everybody;
            Volatile.Write(ref _count, _count + 1); // release: who counts it sees it whole
        }

        free->Thread = thread;
        free->PassHandle = 0; // the pages that it was for are a variable of the thread before
        free->PassChanges = 0;
        return free;
    }

    private static CallRecord* At(int index) => (CallRecord*)FirstPage(Volatile.Read(ref _blocks)[index / PerBlock]) + index % PerBlock;

    private static byte* FirstPage(byte[] block)
    {
        var start = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(block)); // pinned for good
        return (byte*)((start + PageBytes - 1) & ~(nuint)(PageBytes - 1));
    }

    private static byte[] NewBlock()
    {
        byte[] block = GC.AllocateArray<byte>((BlockPages + 1) * PageBytes, pinned: true);
        _ = madvise(FirstPage(block), BlockPages * PageBytes, WipeOnFork);
        return block;
    }

    private static bool IsGone(int thread) => tgkill(Environment.ProcessId, thread, 0) != 0 && Marshal.GetLastPInvokeError() == NoSuchProcess;

    [LibraryImport("libc")]
    private static partial int gettid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int tgkill(int process, int thread, int signal);

    [LibraryImport("libc")]
    private static partial int madvise(void* address, nuint length, int advice);
}
