namespace ReclaimNative.Lab.Traces;

/// <summary>Cuts a text line into fields between blanks and reads the numbers in them, without making strings.</summary>
internal static class TextFields
{
    /// <summary>Takes the next field off <paramref name="rest"/>; empty when there is none.</summary>
    internal static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> rest)
    {
        rest = rest.TrimStart(" \t"u8);
        int end = rest.IndexOfAny((byte)' ', (byte)'\t');
        ReadOnlySpan<byte> field = end < 0 ? rest : rest[..end];
        rest = rest[field.Length..];
        return field;
    }

    /// <summary>Reads a whole field as a decimal number; <paramref name="problem"/> says what is wrong with it, else null.</summary>
    internal static bool TryDecimal(ReadOnlySpan<byte> field, out ulong value, out string? problem) => TryNumber(field, 10, out value, out problem);

    /// <summary>The same for hexadecimal digits without a prefix, in either case.</summary>
    internal static bool TryHexadecimal(ReadOnlySpan<byte> field, out ulong value, out string? problem) => TryNumber(field, 16, out value, out problem);

    private static bool TryNumber(ReadOnlySpan<byte> field, uint radix, out ulong value, out string? problem)
    {
        value = 0;
        problem = null;
        bool overflow = false;
        ulong limit = ulong.MaxValue / radix;
        foreach (byte b in field)
        {
            uint digit = DigitOf(b);
            if (digit >= radix)
            {
                problem = $"{Quote.Of(field)} is not a {(radix == 10 ? "decimal" : "hexadecimal")} number";
                return false;
            }
            ulong next = unchecked((value * radix) + digit);
            overflow |= value > limit || next < digit;
            value = next;
        }
        if (field.IsEmpty)
            problem = "a number is missing";
        else if (overflow)
            problem = $"{Quote.Of(field)} is over 18446744073709551615";
        return problem is null;
    }

    private static uint DigitOf(byte b) => b switch
    {
        >= (byte)'0' and <= (byte)'9' => (uint)b - '0',
        >= (byte)'a' and <= (byte)'f' => (uint)b - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => (uint)b - 'A' + 10,
        _ => uint.MaxValue,
    };
}
