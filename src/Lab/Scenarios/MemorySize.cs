using System.Globalization;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// An amount of memory in text, always with its unit: `4096p` is pages, K M G T are powers of 1024 bytes. A bare number is
/// refused, because readers of a file cannot tell bytes from pages; only 0 needs no unit.
/// </summary>
public static class MemorySize
{
    /// <summary>What is accepted, for messages.</summary>
    public const string Accepted = "whole 4096-byte pages with a unit, such as 4096p, 512K, 24M or 2G";

    /// <summary>Most pages: 2^32, the width of a frame number.</summary>
    public const long MaxPages = 1L << 32;

    /// <summary>
    /// Reads <paramref name="text"/> as a count of pages from 0 to <see cref="MaxPages"/>; false when it is no size, no
    /// whole number of pages, or too large.
    /// </summary>
    public static bool TryParse(string text, out long pages)
    {
        pages = 0;
        if (text == "0")
            return true;
        if (text.Length < 2)
            return false;

        int shift = text[^1] switch { 'K' => 10, 'M' => 20, 'G' => 30, 'T' => 40, 'p' => 12, _ => -1 };
        if (shift < 0 || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out long number))
            return false;
        if (number > MaxPages * Scenario.PageBytes >> shift)
            return false;

        long bytes = number << shift;
        pages = bytes / Scenario.PageBytes;
        return bytes % Scenario.PageBytes == 0;
    }
}
