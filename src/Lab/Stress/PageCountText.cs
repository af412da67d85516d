using System.Globalization;

namespace ReclaimNative.Lab.Stress;

/// <summary>Counts of pages as people write them: <c>64M</c>, <c>1G</c>, <c>2144M</c>, <c>20000</c>, with K, M and G for powers of 1024.</summary>
public static class PageCountText
{
    private const string Units = "KMG";

    /// <summary>The shortest text that means just this count.</summary>
    public static string Of(ulong pages)
    {
        int unit = 0;
        while (pages > 0 && pages % 1024 == 0 && unit < Units.Length)
        {
            pages /= 1024;
            unit++;
        }

        string number = pages.ToString(CultureInfo.InvariantCulture);
        return unit == 0 ? number : number + Units[unit - 1];
    }

    /// <summary>Reads one count.</summary>
    /// <returns>False: it is none, or too large for 64 bits.</returns>
    public static bool TryParse(string text, out ulong pages)
    {
        int unit = text.Length == 0 ? -1 : Units.IndexOf(char.ToUpperInvariant(text[^1]), StringComparison.Ordinal);
        string number = unit < 0 ? text : text[..^1];
        int shift = 10 * (unit + 1);
        bool read = ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out pages) && pages <= ulong.MaxValue >> shift;
        pages = read ? pages << shift : 0;
        return read;
    }
}
