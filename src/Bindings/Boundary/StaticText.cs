using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace ReclaimNative.Bindings.Boundary;

/// <summary>A zero-terminated text for C at an address that does not change, as long as this is kept.</summary>
internal sealed unsafe class StaticText
{
    private readonly byte[] _bytes;

    public StaticText(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        _bytes = GC.AllocateArray<byte>(length + 1, pinned: true);
        Encoding.UTF8.GetBytes(text, _bytes);
        Length = length;
    }

    /// <summary>Bytes before the zero.</summary>
    public int Length { get; }

    /// <summary>The first byte.</summary>
    public byte* Pointer => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_bytes));

    /// <summary>The text without its zero.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, Length);
}
