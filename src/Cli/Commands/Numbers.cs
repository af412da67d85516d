using System.Globalization;

namespace ReclaimNative.Cli.Commands;

/// <summary>Numbers on the command line, with errors that name the option.</summary>
internal static class Numbers
{
    public static ulong Unsigned(string option, string text, string accepted) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
            ? value
            : throw new UsageException($"{option} '{text}': {accepted} is accepted");

    public static double Above0(string option, string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value > 0 && double.IsFinite(value)
            ? value
            : throw new UsageException($"{option} '{text}': a number above 0 is accepted");

    public static TimeSpan Duration(string option, string text)
    {
        (string Unit, double Us)[] units = [("us", 1), ("ms", 1e3), ("s", 1e6), ("m", 60e6), ("h", 3600e6)];
        foreach ((string unit, double us) in units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
                && value * us is >= 1 and <= 1e15)
                return TimeSpan.FromMicroseconds(value * us);
        }

        throw new UsageException($"{option} '{text}': a time above 0 with its unit is accepted, such as 500us, 10ms, 2s, 5m or 1h");
    }

    public static int Swappiness(string text) =>
        Unsigned("--swappiness", text, "0 to 200") is var value and <= 200
            ? (int)value
            : throw new UsageException($"--swappiness '{text}': 0 to 200 is accepted");

    public static ulong Seed(string text) => Unsigned("--seed", text, "a whole number from 0");
}
