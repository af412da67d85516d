using System.Runtime.InteropServices;
using System.Text.Unicode;

namespace ReclaimNative.Bindings.Boundary;

/// <summary>A string from C: UTF-8 with a length, or zero-terminated.</summary>
internal static unsafe class CallerText
{
    /// <summary>RECLAIM_NUL_TERMINATED.</summary>
    public const ulong NulTerminated = ulong.MaxValue;

    /// <summary>Longest accepted; decoded, a text has no more characters than bytes.</summary>
    public const int MostBytes = 4096;

    /// <summary>The bytes, which are valid UTF-8; <paramref name="what"/> names the string in messages.</summary>
    public static ReadOnlySpan<byte> Bytes(byte* text, ulong length, string what)
    {
        ReadOnlySpan<byte> bytes = Raw(text, length, what);
        if (!Utf8.IsValid(bytes))
            throw new Refusal(Status.Invalid, $"The {what} is not valid UTF-8.");
        return bytes;
    }

    /// <summary>The bytes, whatever they are.</summary>
    public static ReadOnlySpan<byte> Raw(byte* text, ulong length, string what)
    {
        if (text == null)
            throw new Refusal(Status.Null, $"The pointer to the {what} is NULL.");
        ReadOnlySpan<byte> bytes = length == NulTerminated
            ? MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text)
            : new ReadOnlySpan<byte>(text, length > MostBytes ? MostBytes + 1 : (int)length);
        if (bytes.Length > MostBytes)
            throw new Refusal(Status.Invalid, $"The {what} is longer than {MostBytes} bytes.");
        return bytes;
    }

    /// <summary>The string.</summary>
    public static string Read(byte* text, ulong length, string what) => System.Text.Encoding.UTF8.GetString(Bytes(text, length, what));

    /// <summary>A path of a file, which is not empty and has no zero byte.</summary>
    public static string Path(byte* text, ulong length)
    {
        ReadOnlySpan<byte> bytes = Bytes(text, length, "path");
        return bytes.Length == 0 || bytes.Contains((byte)0)
            ? throw new Refusal(Status.Invalid, "The path is empty or has a zero byte in it; the path of a file is wanted.")
            : System.Text.Encoding.UTF8.GetString(bytes);
    }

    /// <summary>The string, or an empty one where there is none.</summary>
    public static string ReadOptional(byte* text, ulong length, string what) => text == null ? "" : Read(text, length, what);

    /// <summary>A name to look for, which is not empty, decoded into <paramref name="room"/> for <see cref="MostBytes"/> characters. Allocates nothing.</summary>
    public static ReadOnlySpan<char> Name(byte* text, ulong length, string what, Span<char> room)
    {
        ReadOnlySpan<byte> bytes = Bytes(text, length, what);
        return bytes.Length == 0
            ? throw new Refusal(Status.Invalid, $"The {what} is empty; one of at least a character is wanted.")
            : room[..System.Text.Encoding.UTF8.GetChars(bytes, room)];
    }
}
