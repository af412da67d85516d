using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ReclaimNative.Policies;

/// <summary>
/// The way from C# into C: one function for each signature of the operations that matter for time, with nothing in it but the
/// call.
/// </summary>
/// <remarks>
/// What prepares the transition in the JIT's runtime is written with SSE instructions of the old encoding. Where the upper halves of
/// vector registers are in use, as they are after any copy of 32 bytes, the CPU saves them at the first such instruction and brings
/// them back at the next new one: 30 ns each on Sapphire Rapids, several times the call itself. It happens at the start of a
/// function that has such a call, whether the call is made or not. So the calls are alone in functions of their own, and
/// before each a function that stores 32 bytes ends, which the JIT makes end with a vzeroupper.
/// </remarks>
internal static unsafe class ForeignCall
{
    [MethodImpl(MethodImplOptions.AggressiveInlining), SkipLocalsInit]
    public static void Invoke(delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, void> to, ForeignLruvec* lru, uint a)
    {
        Vector256<byte> room;
        Clean(&room);
        Cross(to, lru, a);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining), SkipLocalsInit]
    public static void Invoke(delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint, void> to, ForeignLruvec* lru, uint a, uint b)
    {
        Vector256<byte> room;
        Clean(&room);
        Cross(to, lru, a, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining), SkipLocalsInit]
    public static uint Invoke(delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint, uint> to, ForeignLruvec* lru, uint a, uint b)
    {
        Vector256<byte> room;
        Clean(&room);
        return Cross(to, lru, a, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining), SkipLocalsInit]
    public static void Invoke(delegate* unmanaged[Cdecl]<ForeignLruvec*, uint*, uint, void> to, ForeignLruvec* lru, uint* a, uint b)
    {
        Vector256<byte> room;
        Clean(&room);
        Cross(to, lru, a, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining), SkipLocalsInit]
    public static void Invoke(delegate* unmanaged[Cdecl]<ForeignLruvec*, uint*, uint, uint, void> to, ForeignLruvec* lru, uint* a, uint b, uint c)
    {
        Vector256<byte> room;
        Clean(&room);
        Cross(to, lru, a, b, c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining), SkipLocalsInit]
    public static void Invoke(delegate* unmanaged[Cdecl]<ForeignLruvec*, int, void> to, ForeignLruvec* lru, int a)
    {
        Vector256<byte> room;
        Clean(&room);
        Cross(to, lru, a);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining), SkipLocalsInit]
    public static long Invoke(delegate* unmanaged[Cdecl]<ForeignLruvec*, int, long> to, ForeignLruvec* lru, int a)
    {
        Vector256<byte> room;
        Clean(&room);
        return Cross(to, lru, a);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining), SkipLocalsInit]
    public static void Invoke(delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignScan*, void*, void> to, ForeignLruvec* lru, ForeignScan* a, void* b)
    {
        Vector256<byte> room;
        Clean(&room);
        Cross(to, lru, a, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining), SkipLocalsInit]
    public static int Invoke(delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignScan*, void*, ForeignBudget*, int> to, ForeignLruvec* lru, ForeignScan* a, void* b, ForeignBudget* c)
    {
        Vector256<byte> room;
        Clean(&room);
        return Cross(to, lru, a, b, c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining), SkipLocalsInit]
    public static void Invoke(delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignScan*, void*, ForeignBudget*, ForeignBatch*, void> to, ForeignLruvec* lru, ForeignScan* a, void* b, ForeignBudget* c, ForeignBatch* d)
    {
        Vector256<byte> room;
        Clean(&room);
        Cross(to, lru, a, b, c, d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining), SkipLocalsInit]
    public static uint Invoke(delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, ForeignReferences*, uint, uint> to, ForeignLruvec* lru, uint a, ForeignReferences* b, uint c)
    {
        Vector256<byte> room;
        Clean(&room);
        return Cross(to, lru, a, b, c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining), SkipLocalsInit]
    public static int Invoke(delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignScan*, ForeignBudget*, ForeignBatch*, int> to, ForeignLruvec* lru, ForeignScan* a, ForeignBudget* b, ForeignBatch* c)
    {
        Vector256<byte> room;
        Clean(&room);
        return Cross(to, lru, a, b, c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining), SkipLocalsInit]
    public static void Invoke(delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignScan*, uint, void> to, ForeignLruvec* lru, ForeignScan* a, uint b)
    {
        Vector256<byte> room;
        Clean(&room);
        Cross(to, lru, a, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining), SkipLocalsInit]
    public static uint Invoke(delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, ForeignLruvec*, uint> to, ForeignLruvec* lru, uint a, ForeignLruvec* b)
    {
        Vector256<byte> room;
        Clean(&room);
        return Cross(to, lru, a, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining), SkipLocalsInit]
    public static void Invoke(delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, ForeignShadow*, uint, void> to, ForeignLruvec* lru, uint a, ForeignShadow* b, uint c)
    {
        Vector256<byte> room;
        Clean(&room);
        Cross(to, lru, a, b, c);
    }

    /// <summary>Leaves the upper halves of the vector registers empty.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Clean(Vector256<byte>* room)
    {
        if (Vector256.IsHardwareAccelerated)
            *room = Vector256<byte>.Zero;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Cross(delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, void> to, ForeignLruvec* lru, uint a) => to(lru, a);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Cross(delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint, void> to, ForeignLruvec* lru, uint a, uint b) => to(lru, a, b);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static uint Cross(delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, uint, uint> to, ForeignLruvec* lru, uint a, uint b) => to(lru, a, b);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Cross(delegate* unmanaged[Cdecl]<ForeignLruvec*, uint*, uint, void> to, ForeignLruvec* lru, uint* a, uint b) => to(lru, a, b);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Cross(delegate* unmanaged[Cdecl]<ForeignLruvec*, uint*, uint, uint, void> to, ForeignLruvec* lru, uint* a, uint b, uint c) => to(lru, a, b, c);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Cross(delegate* unmanaged[Cdecl]<ForeignLruvec*, int, void> to, ForeignLruvec* lru, int a) => to(lru, a);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long Cross(delegate* unmanaged[Cdecl]<ForeignLruvec*, int, long> to, ForeignLruvec* lru, int a) => to(lru, a);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Cross(delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignScan*, void*, void> to, ForeignLruvec* lru, ForeignScan* a, void* b) => to(lru, a, b);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Cross(delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignScan*, void*, ForeignBudget*, int> to, ForeignLruvec* lru, ForeignScan* a, void* b, ForeignBudget* c) => to(lru, a, b, c);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Cross(delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignScan*, void*, ForeignBudget*, ForeignBatch*, void> to, ForeignLruvec* lru, ForeignScan* a, void* b, ForeignBudget* c, ForeignBatch* d) => to(lru, a, b, c, d);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static uint Cross(delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, ForeignReferences*, uint, uint> to, ForeignLruvec* lru, uint a, ForeignReferences* b, uint c) => to(lru, a, b, c);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Cross(delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignScan*, ForeignBudget*, ForeignBatch*, int> to, ForeignLruvec* lru, ForeignScan* a, ForeignBudget* b, ForeignBatch* c) => to(lru, a, b, c);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Cross(delegate* unmanaged[Cdecl]<ForeignLruvec*, ForeignScan*, uint, void> to, ForeignLruvec* lru, ForeignScan* a, uint b) => to(lru, a, b);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static uint Cross(delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, ForeignLruvec*, uint> to, ForeignLruvec* lru, uint a, ForeignLruvec* b) => to(lru, a, b);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Cross(delegate* unmanaged[Cdecl]<ForeignLruvec*, uint, ForeignShadow*, uint, void> to, ForeignLruvec* lru, uint a, ForeignShadow* b, uint c) => to(lru, a, b, c);
}
