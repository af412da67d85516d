using ReclaimNative.Machine;

namespace ReclaimNative.Mechanisms;

/// <summary>
/// What is written to a pressure file: <c>some</c> or <c>full</c>, a threshold and a window in microseconds. Blanks before a number
/// may be any white space, and whatever comes after the second number is not looked at. Source: kernel-reclaim reference 8.4.
/// </summary>
/// <param name="Stall">Which stalls count.</param>
/// <param name="ThresholdUs">1 to the window.</param>
/// <param name="WindowUs">1 to 10,000,000; at least 500,000 in 6.1.</param>
internal readonly record struct PressureTriggerText(PressureStall Stall, long ThresholdUs, long WindowUs)
{
    private const long LongestWindowUs = 10_000_000;
    private const long ShortestWindowOf61Us = 500_000;
    private const string Blanks = " \t\n\v\f\r";
    private const string Accepted = "'some' or 'full', a threshold and a window in microseconds are accepted, such as 'some 150000 1000000'.";

    /// <summary>Reads what was written, its last byte included: kernels up to 6.18 put the end of the text in its place.</summary>
    /// <exception cref="EngineException">It is refused; the message names the word at fault.</exception>
    public static PressureTriggerText Parse(string written, KernelVersion kernel)
    {
        ReadOnlySpan<char> text = written;
        if (kernel < KernelVersion.Fixed && text.Length > 0)
            text = text[..^1];
        PressureStall stall;
        if (text.StartsWith("some", StringComparison.Ordinal))
            stall = PressureStall.Some;
        else if (text.StartsWith("full", StringComparison.Ordinal))
            stall = PressureStall.Full;
        else
            throw new EngineException($"A pressure trigger can't begin with '{Start(text)}': {Accepted}");

        text = text["some".Length..];
        if (!TryReadNumber(ref text, out long thresholdUs))
            throw new EngineException($"A pressure trigger has no threshold{At(text)}: {Accepted}");
        if (!TryReadNumber(ref text, out long windowUs))
            throw new EngineException($"A pressure trigger has no window{At(text)}: {Accepted}");

        long shortest = kernel == KernelVersion.V6_1 ? ShortestWindowOf61Us : 1;
        if (windowUs < shortest || windowUs > LongestWindowUs)
            throw new EngineException($"A window of {Shown(windowUs)} us is out of range; {shortest} to {LongestWindowUs} are accepted.");
        if (thresholdUs < 1 || thresholdUs > windowUs)
            throw new EngineException($"A threshold of {Shown(thresholdUs)} us is out of range; 1 to the window of {windowUs} are accepted.");
        return new PressureTriggerText(stall, thresholdUs, windowUs);
    }

    /// <summary>Decimal digits after any white space; what is too large for anything stays so.</summary>
    private static bool TryReadNumber(ref ReadOnlySpan<char> text, out long number)
    {
        text = text.TrimStart(Blanks);
        int digits = text.IndexOfAnyExceptInRange('0', '9');
        if (digits < 0)
            digits = text.Length;
        number = 0;
        foreach (char digit in text[..digits])
            number = Math.Min(number * 10 + (digit - '0'), uint.MaxValue);
        text = text[digits..];
        return digits > 0;
    }

    private static string Shown(long number) => number == uint.MaxValue ? $"{number} or more" : $"{number}";

    private static string At(ReadOnlySpan<char> rest) => rest.IsEmpty ? "" : $" but '{Start(rest)}'";

    /// <summary>As much of a text as a message has room for.</summary>
    private static ReadOnlySpan<char> Start(ReadOnlySpan<char> text) => text[..Math.Min(text.Length, 40)].TrimEnd(Blanks);
}
