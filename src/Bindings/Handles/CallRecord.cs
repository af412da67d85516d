using System.Runtime.InteropServices;
using ReclaimNative.PageTables;

namespace ReclaimNative.Bindings.Handles;

/// <summary>
/// What one thread is inside of: the handles of the calls that it is making, outermost first, each within a callback of the one before.
/// The thread alone writes them; others read them on the rare occasions of <see cref="EngineGate"/>.
/// </summary>
/// <remarks>Two cache lines of its own: the prefetcher fetches lines in pairs. All zero in the child of a fork, see <see cref="CallRecords"/>.</remarks>
[StructLayout(LayoutKind.Explicit, Size = 128)]
internal unsafe struct CallRecord
{
    /// <summary>Calls that can be within each other.</summary>
    public const int Levels = 8;

    /// <summary>The calling thread's record; null before its first call. Kept by a type that needs no initialising, which a read would ask about.</summary>
    [ThreadStatic]
    public static CallRecord* Mine;

    /// <summary>The pages behind <see cref="PassHandle"/>. Of a space that has ended they keep nothing else alive.</summary>
    [ThreadStatic]
    public static PageBits? PassPages;

    /// <summary>The handle that each call came by, 0 where there is none.</summary>
    [FieldOffset(0)]
    public fixed ulong Inside[Levels];

    /// <summary>Number of the record, from 1.</summary>
    [FieldOffset(64)]
    public int Id;

    /// <summary><see cref="EngineGate.Everybody"/>, here so that a child of a fork finds another value.</summary>
    [FieldOffset(68)]
    public int Everybody;

    /// <summary>The system's number of the thread.</summary>
    [FieldOffset(72)]
    public int Thread;

    /// <summary>The address space that the thread's last quick call was for; 0 for none.</summary>
    [FieldOffset(80)]
    public ulong PassHandle;

    /// <summary><see cref="EngineGate.Changes"/> when that call was found to be let in: as long as it is the same, the next one is.</summary>
    [FieldOffset(88)]
    public ulong PassChanges;
}
