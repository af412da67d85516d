using System.Globalization;

namespace ReclaimNative.Lab.Results;

/// <summary>How numbers are shown to people; the same on every machine, whatever its language.</summary>
internal static class NumberText
{
    /// <summary>1,234,567.</summary>
    public static string Count(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A ratio in [0, 1] as a percentage with two digits and no sign: 57.82.</summary>
    public static string Percent(double ratio) => (ratio * 100).ToString("N2", CultureInfo.InvariantCulture);

    /// <summary>Two digits after the point.</summary>
    public static string Fixed(double value) => value.ToString("N2", CultureInfo.InvariantCulture);
}
