using System.Globalization;
using ReclaimNative.Machine;

namespace ReclaimNative.Control;

/// <summary>
/// An amount of memory as control files take it: an unsigned number, base by prefix, then at most one of <c>K M G T P E</c> in either case.
/// Source: kernel-reclaim reference 6.3.
/// </summary>
internal static class ByteAmount
{
    /// <summary>Bytes of a page.</summary>
    public const ulong BytesPerPage = 4096;

    /// <summary>What the kernel calls no limit: more pages than can be counted in bytes.</summary>
    public const ulong MostPages = long.MaxValue / BytesPerPage;

    private const string Accepted = "an unsigned number (0x hex, 0 octal) with at most one of K M G T P E is accepted";

    /// <summary>Takes an amount in bytes off the start of a text.</summary>
    /// <param name="text">The text; what follows the amount is left.</param>
    /// <param name="kernel">The numbered profiles take an amount of 2^64 bytes or more modulo 2^64, as those kernels do; the fixed one refuses it.</param>
    /// <exception cref="ControlException">There is no amount.</exception>
    public static ulong Take(ref ReadOnlySpan<byte> text, KernelVersion kernel)
    {
        int length = ControlText.ReadNumber(text, out ulong bytes, out bool fits);
        if (length == 0)
            throw Invalid($"{ControlText.Show(text)} does not start with an amount of bytes; {Accepted}.");
        int shift = length < text.Length ? ShiftOf(text[length]) : 0;
        if (shift > 0)
        {
            length++;
            fits &= bytes <= ulong.MaxValue >> shift;
            bytes <<= shift;
        }

        if (!fits && kernel == KernelVersion.Fixed)
            throw Invalid($"{ControlText.Show(text[..length])} does not fit in 64 bits; 0 to 2^64 - 1 bytes are accepted.");
        text = text[length..];
        return bytes;
    }

    /// <summary>A limit in pages, rounded down: an amount of bytes, or <c>max</c>.</summary>
    /// <exception cref="ControlException">It is neither.</exception>
    public static ulong ParseLimit(ReadOnlySpan<byte> text, KernelVersion kernel)
    {
        ReadOnlySpan<byte> rest = ControlText.Strip(ControlText.UpToNul(text));
        if (rest.SequenceEqual("max"u8))
            return MemoryCgroup.Unlimited;
        if (ControlText.ReadNumber(rest, out _, out _) == 0)
            throw Invalid($"{ControlText.Show(rest)} is no limit; {Accepted}, or max.");
        ulong pages = Take(ref rest, kernel) / BytesPerPage;
        if (!rest.IsEmpty)
            throw Invalid($"{ControlText.Show(rest)} follows the amount; {Accepted}, or max.");
        return pages >= MostPages ? MemoryCgroup.Unlimited : pages;
    }

    /// <summary>A limit as it is read: bytes, or <c>max</c>.</summary>
    public static string LimitText(ulong pages) =>
        pages >= MostPages ? "max\n" : string.Create(CultureInfo.InvariantCulture, $"{pages * BytesPerPage}\n");

    private static int ShiftOf(byte suffix) => (suffix | 0x20) switch
    {
        'k' => 10,
        'm' => 20,
        'g' => 30,
        't' => 40,
        'p' => 50,
        'e' => 60,
        _ => 0,
    };

    private static ControlException Invalid(string message) => new(ControlError.Invalid, message);
}
