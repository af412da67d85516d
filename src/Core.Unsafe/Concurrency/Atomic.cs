using System.Runtime.CompilerServices;

namespace ReclaimNative.Concurrency;

/// <summary>
/// Read-modify-write of one word that several threads may change, for an engine that is told at its creation whether
/// there will be several. Alone, it pays a plain load and store; the branch is the same for the engine's whole life.
/// </summary>
/// <remarks>
/// <para>Ordering: with <c>concurrent</c> every operation is one locked operation and a full fence, as
/// <see cref="Interlocked"/> has it; without, there is no second thread and nothing to order.
/// <see cref="Set{T}"/> and <see cref="Clear{T}"/> are the exception: they fence only when they store.</para>
/// <para>The target may be of 1, 2, 4 or 8 bytes, an enumeration of flags included, at its natural alignment. Words of
/// 1 and 2 bytes are changed by a compare-and-swap of their own width, never of the word around them.</para>
/// </remarks>
internal static class Atomic
{
    /// <summary>Sets bits.</summary>
    /// <returns>The value before.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Or<T>(ref T target, T bits, bool concurrent) where T : unmanaged
    {
        if (!concurrent)
        {
            T before = target;
            target = Union(before, bits);
            return before;
        }

        if (Unsafe.SizeOf<T>() == sizeof(ulong))
            return Unsafe.BitCast<ulong, T>(Interlocked.Or(ref Unsafe.As<T, ulong>(ref target), Unsafe.BitCast<T, ulong>(bits)));
        if (Unsafe.SizeOf<T>() == sizeof(uint))
            return Unsafe.BitCast<uint, T>(Interlocked.Or(ref Unsafe.As<T, uint>(ref target), Unsafe.BitCast<T, uint>(bits)));

        while (true)
        {
            T before = Load(ref target);
            if (SameBits(CompareExchange(ref target, Union(before, bits), before, concurrent: true), before))
                return before;
        }
    }

    /// <summary>Keeps the bits of <paramref name="mask"/> and clears all others.</summary>
    /// <returns>The value before.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T And<T>(ref T target, T mask, bool concurrent) where T : unmanaged
    {
        if (!concurrent)
        {
            T before = target;
            target = Intersection(before, mask);
            return before;
        }

        if (Unsafe.SizeOf<T>() == sizeof(ulong))
            return Unsafe.BitCast<ulong, T>(Interlocked.And(ref Unsafe.As<T, ulong>(ref target), Unsafe.BitCast<T, ulong>(mask)));
        if (Unsafe.SizeOf<T>() == sizeof(uint))
            return Unsafe.BitCast<uint, T>(Interlocked.And(ref Unsafe.As<T, uint>(ref target), Unsafe.BitCast<T, uint>(mask)));

        while (true)
        {
            T before = Load(ref target);
            if (SameBits(CompareExchange(ref target, Intersection(before, mask), before, concurrent: true), before))
                return before;
        }
    }

    /// <summary>
    /// Makes sure that <paramref name="bits"/> are set. Where they are set already nothing is stored, so that a line
    /// which every reader marks stays shared; then nothing is fenced either.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Set<T>(ref T target, T bits, bool concurrent) where T : unmanaged
    {
        if (!SameBits(Intersection(Load(ref target), bits), bits))
            _ = Or(ref target, bits, concurrent);
    }

    /// <summary>Makes sure that <paramref name="bits"/> are clear; stores and fences only where one is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Clear<T>(ref T target, T bits, bool concurrent) where T : unmanaged
    {
        if (!SameBits(Intersection(Load(ref target), bits), default))
            _ = And(ref target, Complement(bits), concurrent);
    }

    /// <summary>Stores <paramref name="value"/>.</summary>
    /// <returns>The value before.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exchange<T>(ref T target, T value, bool concurrent) where T : unmanaged
    {
        if (concurrent)
            return Interlocked.Exchange(ref target, value);
        T before = target;
        target = value;
        return before;
    }

    /// <summary>Stores <paramref name="value"/> where <paramref name="expected"/> is found.</summary>
    /// <returns>The value before: <paramref name="expected"/> when it was stored.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T CompareExchange<T>(ref T target, T value, T expected, bool concurrent) where T : unmanaged
    {
        if (concurrent)
            return Interlocked.CompareExchange(ref target, value, expected);
        T before = target;
        if (SameBits(before, expected))
            target = value;
        return before;
    }

    /// <summary>Adds, wrapping around.</summary>
    /// <returns>The value after.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Add(ref long target, long value, bool concurrent) =>
        concurrent ? Interlocked.Add(ref target, value) : target = unchecked(target + value);

    /// <inheritdoc cref="Add(ref long, long, bool)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Add(ref ulong target, ulong value, bool concurrent) =>
        concurrent ? Interlocked.Add(ref target, value) : target = unchecked(target + value);

    /// <inheritdoc cref="Add(ref long, long, bool)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Add(ref int target, int value, bool concurrent) =>
        concurrent ? Interlocked.Add(ref target, value) : target = unchecked(target + value);

    /// <inheritdoc cref="Add(ref long, long, bool)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Add(ref uint target, uint value, bool concurrent) =>
        concurrent ? Interlocked.Add(ref target, value) : target = unchecked(target + value);

    /// <inheritdoc cref="Add(ref long, long, bool)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Add(ref ushort target, ushort value, bool concurrent)
    {
        if (!concurrent)
            return target = unchecked((ushort)(target + value));
        while (true)
        {
            ushort before = Volatile.Read(ref target);
            ushort after = unchecked((ushort)(before + value));
            if (Interlocked.CompareExchange(ref target, after, before) == before)
                return after;
        }
    }

    /// <summary>A load that the compiler neither repeats nor moves behind later accesses.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Load<T>(ref T source) where T : unmanaged => Unsafe.SizeOf<T>() switch
    {
        sizeof(byte) => Unsafe.BitCast<byte, T>(Volatile.Read(ref Unsafe.As<T, byte>(ref source))),
        sizeof(ushort) => Unsafe.BitCast<ushort, T>(Volatile.Read(ref Unsafe.As<T, ushort>(ref source))),
        sizeof(uint) => Unsafe.BitCast<uint, T>(Volatile.Read(ref Unsafe.As<T, uint>(ref source))),
        _ => Unsafe.BitCast<ulong, T>(Volatile.Read(ref Unsafe.As<T, ulong>(ref source))),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Union<T>(T left, T right) where T : unmanaged => Narrow<T>(Widen(left) | Widen(right));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Intersection<T>(T left, T right) where T : unmanaged => Narrow<T>(Widen(left) & Widen(right));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Complement<T>(T bits) where T : unmanaged => Narrow<T>(~Widen(bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool SameBits<T>(T left, T right) where T : unmanaged => Widen(left) == Widen(right);

    /// <summary>The bits of a word of 1, 2, 4 or 8 bytes; any other size is refused when the call is compiled in.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Widen<T>(T bits) where T : unmanaged => Unsafe.SizeOf<T>() switch
    {
        sizeof(byte) => Unsafe.BitCast<T, byte>(bits),
        sizeof(ushort) => Unsafe.BitCast<T, ushort>(bits),
        sizeof(uint) => Unsafe.BitCast<T, uint>(bits),
        _ => Unsafe.BitCast<T, ulong>(bits),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Narrow<T>(ulong bits) where T : unmanaged => Unsafe.SizeOf<T>() switch
    {
        sizeof(byte) => Unsafe.BitCast<byte, T>(unchecked((byte)bits)),
        sizeof(ushort) => Unsafe.BitCast<ushort, T>(unchecked((ushort)bits)),
        sizeof(uint) => Unsafe.BitCast<uint, T>(unchecked((uint)bits)),
        _ => Unsafe.BitCast<ulong, T>(bits),
    };
}
