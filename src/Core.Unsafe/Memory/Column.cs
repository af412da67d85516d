using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace ReclaimNative.Memory;

/// <summary>
/// A fixed-length array of <typeparamref name="T"/> in native memory: one field of a struct-of-arrays table.
/// It does not own its memory; the <see cref="ColumnStore"/> that made it does.
/// </summary>
/// <remarks>Indices are checked in debug builds only: callers check once, at the public entry.</remarks>
internal readonly unsafe struct Column<T> where T : unmanaged
{
    /// <summary>First element.</summary>
    public readonly T* Pointer;

    /// <summary>Count of elements.</summary>
    public readonly nuint Length;

    public Column(T* pointer, nuint length)
    {
        Pointer = pointer;
        Length = length;
    }

    /// <summary>Element <paramref name="index"/>, in [0, Length).</summary>
    public ref T this[nuint index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Debug.Assert(index < Length, "column index out of range");
            return ref Pointer[index];
        }
    }
}
