using System.Globalization;

namespace ReclaimNative.Lab.Traces;

/// <summary>
/// How many of a trace's pages may be resident, as the user wrote it: pages (<c>4096p</c>), bytes (<c>64M</c>: K, M, G or T in either
/// case, powers of 1024, of 4096-byte pages) or per cent of the trace's footprint (<c>25%</c>, decimals allowed). A unit is required.
/// </summary>
public sealed class MemorySize
{
    /// <summary>Bytes in a page.</summary>
    public const long PageBytes = 4096;

    /// <summary>The most per cent of a footprint that can be asked for.</summary>
    public const int MaxPercent = 1000;

    private const string Accepted = "expected pages (4096p), bytes in K, M, G or T (64M) or per cent of the footprint (25%)";

    private readonly long _pages;
    private readonly decimal _percent;

    private MemorySize(string text, long pages, decimal percent)
    {
        Text = text;
        _pages = pages;
        _percent = percent;
    }

    /// <summary>The size as it was written, for display.</summary>
    public string Text { get; }

    /// <summary>Reads sizes with commas between them, as <c>--memory</c> takes them; blanks around an entry are ignored. At least one.</summary>
    /// <exception cref="MemorySizeException">An entry is empty or no size.</exception>
    public static IReadOnlyList<MemorySize> ParseList(string list) => [.. list.Split(',').Select(Parse)];

    /// <summary>Reads one size.</summary>
    /// <exception cref="MemorySizeException">It is no size, or out of range.</exception>
    public static MemorySize Parse(string text)
    {
        string size = text.Trim();
        if (size.Length == 0)
            throw Error(size, "an entry is empty");
        string number = size[..^1];
        return size[^1] switch
        {
            '%' => new MemorySize(size, 0, Percent(size, number)),
            'p' => new MemorySize(size, Whole(size, number, 1), 0),
            'K' or 'k' => OfBytes(size, number, 10),
            'M' or 'm' => OfBytes(size, number, 20),
            'G' or 'g' => OfBytes(size, number, 30),
            'T' or 't' => OfBytes(size, number, 40),
            >= '0' and <= '9' => throw Error(size, "the unit is missing"),
            _ => throw Error(size, $"{Quote.Of(size[^1..])} is no unit"),
        };
    }

    /// <summary>
    /// The size in pages for a trace of <paramref name="uniquePages"/> pages, 1 or more. Bytes and per cent are
    /// rounded down to whole pages, to 1 at least.
    /// </summary>
    public long Resolve(int uniquePages)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(uniquePages, 1);
        return _pages > 0 ? _pages : Math.Max(1, (long)(uniquePages * _percent / 100));
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static MemorySize OfBytes(string size, string number, int shift)
    {
        long bytes = Whole(size, number, 1L << shift);
        if (bytes < PageBytes)
            throw Error(size, $"it is less than one page of {PageBytes} bytes");
        return new MemorySize(size, bytes / PageBytes, 0);
    }

    private static long Whole(string size, string number, long unit)
    {
        if (number.Length == 0 || !number.All(char.IsAsciiDigit))
            throw Error(size, NumberProblem(number, "a whole number"));
        if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long value) || value > long.MaxValue / unit)
            throw Error(size, "the number is too large");
        return value > 0 ? value * unit : throw Error(size, "it must be more than 0");
    }

    private static decimal Percent(string size, string number)
    {
        string[] parts = number.Split('.');
        if (parts.Length > 2 || parts.Any(part => part.Length == 0 || !part.All(char.IsAsciiDigit)))
            throw Error(size, NumberProblem(number, "a decimal number"));
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value) || value > MaxPercent)
            throw Error(size, $"it is over {MaxPercent}%");
        return value > 0 ? value : throw Error(size, "it must be more than 0");
    }

    private static string NumberProblem(string number, string wanted)
    {
        if (number.Length == 0)
            return "the number is missing";
        return number[0] == '-' ? "it is negative" : $"{Quote.Of(number)} is not {wanted}";
    }

    private static MemorySizeException Error(string size, string problem) => new($"memory size {Quote.Of(size)}: {problem}; {Accepted}");
}
