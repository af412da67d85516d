using System.Globalization;

namespace ReclaimNative.Control;

/// <summary><c>/proc</c>: what is the machine's as a whole.</summary>
internal static class ProcFiles
{
    public static IEnumerable<ControlItem> Items(Engine engine)
    {
        yield return ControlFileItem.Reads("meminfo", engine.ReadMeminfo);

        // Where pressure is off the directory does not exist (KR 8.3).
        if (engine.KeepsPressure)
            yield return ControlDirectory.Of("pressure", ControlFileItem.Opens("memory", () => new PressureFile(engine, engine.Root)));
        yield return ControlDirectory.Of(
            "sys",
            ControlDirectory.Of(
                "vm",
                ControlFileItem.Both(
                    "swappiness",
                    () => string.Create(CultureInfo.InvariantCulture, $"{engine.Root.Swappiness}\n"),
                    text => engine.SetSwappiness(engine.Root, ParseSwappiness(text)))));
        yield return ControlFileItem.Reads("vmstat", engine.ReadVmstat);
    }

    /// <summary>The swappiness of the root, which cgroups have that are created after.</summary>
    internal static int ParseSwappiness(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> word = ControlText.Strip(ControlText.UpToNul(text));
        if (!ControlText.TryNumber(word, out ulong value, out bool fits) || !fits || value > 200)
            throw new ControlException(ControlError.Invalid, $"{ControlText.Show(word)} is no swappiness; a number from 0 to 200 is accepted.");
        return (int)value;
    }
}
