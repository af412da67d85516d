using System.Globalization;
using System.Text;

namespace ReclaimNative.Control;

/// <summary>What is written to control files, taken apart byte by byte. A text ends at its first NUL, as strings do in C.</summary>
internal static class ControlText
{
    private const int ShownBytes = 40;

    /// <summary>The text up to its first NUL.</summary>
    public static ReadOnlySpan<byte> UpToNul(ReadOnlySpan<byte> text) => text.IndexOf((byte)0) is >= 0 and var end ? text[..end] : text;

    /// <summary>The text without white space at either end.</summary>
    public static ReadOnlySpan<byte> Strip(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty && IsSpace(text[^1]))
            text = text[..^1];
        return SkipSpace(text);
    }

    /// <summary>The text from its first byte on that is no white space.</summary>
    public static ReadOnlySpan<byte> SkipSpace(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty && IsSpace(text[0]))
            text = text[1..];
        return text;
    }

    /// <summary>Space, tab, newline, vertical tab, form feed or carriage return.</summary>
    public static bool IsSpace(byte value) => value is (byte)' ' or (>= (byte)'\t' and <= (byte)'\r');

    /// <summary>Takes the first word off a text; empty when there is none.</summary>
    public static ReadOnlySpan<byte> TakeWord(ref ReadOnlySpan<byte> text)
    {
        text = SkipSpace(text);
        int length = 0;
        while (length < text.Length && !IsSpace(text[length]))
            length++;
        ReadOnlySpan<byte> word = text[..length];
        text = text[length..];
        return word;
    }

    /// <summary>The digits at the start of a text as a number, its base by prefix: <c>0x</c> hex, <c>0</c> octal, else decimal.</summary>
    /// <param name="text">The text.</param>
    /// <param name="value">The number modulo 2^64.</param>
    /// <param name="fits">It is below 2^64.</param>
    /// <returns>Bytes read; 0 when there is no digit.</returns>
    public static int ReadNumber(ReadOnlySpan<byte> text, out ulong value, out bool fits)
    {
        int start = 0;
        ulong radix = 10;
        if (text.Length > 0 && text[0] == (byte)'0')
        {
            // "0x" without a hexadecimal digit is the octal number 0, and then an "x".
            bool isHex = text.Length > 2 && (text[1] | 0x20) == 'x' && DigitOf(text[2]) < 16;
            radix = isHex ? 16UL : 8;
            start = isHex ? 2 : 0;
        }

        return ReadDigits(text, start, radix, out value, out fits);
    }

    /// <summary>A text that is an unsigned number and nothing else, its base by prefix.</summary>
    public static bool TryNumber(ReadOnlySpan<byte> text, out ulong value, out bool fits) =>
        ReadNumber(text, out value, out fits) == text.Length && !text.IsEmpty;

    /// <summary>A text that is an unsigned decimal number and nothing else.</summary>
    public static bool TryDecimal(ReadOnlySpan<byte> text, out ulong value, out bool fits) =>
        ReadDigits(text, 0, 10, out value, out fits) == text.Length && !text.IsEmpty;

    /// <summary>The digits of a decimal number at the start of a text.</summary>
    public static int ReadDecimal(ReadOnlySpan<byte> text, out ulong value, out bool fits) => ReadDigits(text, 0, 10, out value, out fits);

    /// <summary>What was written, for a message: in quotes, on one line, not too long.</summary>
    public static string Show(ReadOnlySpan<byte> text)
    {
        var shown = new StringBuilder("'");
        foreach (byte value in text[..Math.Min(text.Length, ShownBytes)])
        {
            if (value is >= 0x20 and < 0x7f)
                shown.Append((char)value);
            else if (value == (byte)'\n')
                shown.Append("\\n");
            else if (value == (byte)'\t')
                shown.Append("\\t");
            else
                shown.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}");
        }

        return shown.Append(text.Length > ShownBytes ? "'..." : "'").ToString();
    }

    private static int ReadDigits(ReadOnlySpan<byte> text, int start, ulong radix, out ulong value, out bool fits)
    {
        value = 0;
        fits = true;
        int at = start;
        for (; at < text.Length && DigitOf(text[at]) is var digit && digit < radix; at++)
        {
            fits &= value <= (ulong.MaxValue - digit) / radix;
            value = unchecked(value * radix + digit);
        }

        return at;
    }

    private static uint DigitOf(byte value) => value switch
    {
        >= (byte)'0' and <= (byte)'9' => (uint)value - '0',
        >= (byte)'a' and <= (byte)'f' => (uint)value - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => (uint)value - 'A' + 10,
        _ => uint.MaxValue,
    };
}
