using System.Globalization;

namespace ReclaimNative.Control;

/// <summary><c>/sys/kernel/mm</c>: switches of reclaim, and the request for several nodes.</summary>
internal static class MemoryFiles
{
    public static ControlDirectory Directory(Engine engine, ReclaimRequests requests) => ControlDirectory.Of(
        "mm",
        ControlDirectory.Of(
            "lru_gen",
            ControlFileItem.Both(
                "enabled",
                () => string.Create(CultureInfo.InvariantCulture, $"0x{(int)engine.GenerationSwitches:x4}\n"),
                ControlFileItem.UnlessEmpty(text => Switch(engine, ParseGenerations(text)))),
            ControlFileItem.Both(
                "min_ttl_ms",
                () => string.Create(CultureInfo.InvariantCulture, $"{engine.MinTtlMs}\n"),
                ControlFileItem.UnlessEmpty(text => engine.MinTtlMs = ParseMilliseconds(text)))),
        ControlDirectory.Of(
            "numa",
            ControlFileItem.Both(
                "demotion_enabled",
                () => engine.IsDemotionOn ? "true\n" : "false\n",
                ControlFileItem.UnlessEmpty(text => engine.SetDemotion(ParseSwitch(text))))),
        ControlFileItem.Writes(
            "reclaim", ControlFileItem.UnlessEmpty(text => requests.Run(RequestText.ParseWithNodes(text, engine.Memcgs, engine.Nodes.Count)))));

    /// <summary>By the first letter y for all and n for none, else a number of 32 bits, base by prefix, whose other bits mean nothing.</summary>
    internal static GenerationSwitches ParseGenerations(ReadOnlySpan<byte> text)
    {
        const GenerationSwitches All = GenerationSwitches.Core | GenerationSwitches.Walk | GenerationSwitches.NonleafYoung;
        ReadOnlySpan<byte> word = ControlText.Strip(ControlText.UpToNul(text));
        if (!word.IsEmpty && (word[0] | 0x20) is 'y' or 'n')
            return (word[0] | 0x20) == 'y' ? All : GenerationSwitches.None;
        if (!ControlText.TryNumber(word, out ulong value, out bool fits) || !fits || value > uint.MaxValue)
            throw new ControlException(ControlError.Invalid, $"{ControlText.Show(word)} is no switch; y, n, or a sum of 1 (generations), 2 (walks) and 4 (upper levels) is accepted.");
        return (GenerationSwitches)value & All;
    }

    private static void Switch(Engine engine, GenerationSwitches switches)
    {
        if (engine.SwitchGenerations(switches) is { } problem)
            throw new ControlException(ControlError.NotSupported, problem);
    }

    /// <summary>An unsigned number of 32 bits, base by prefix.</summary>
    internal static long ParseMilliseconds(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> word = ControlText.Strip(ControlText.UpToNul(text));
        if (!ControlText.TryNumber(word, out ulong value, out bool fits) || !fits || value > uint.MaxValue)
            throw new ControlException(ControlError.Invalid, $"{ControlText.Show(word)} is no time; milliseconds from 0 (off) to {uint.MaxValue} are accepted.");
        return (long)value;
    }

    /// <summary>Yes or no, as the kernel takes them: by the first letter, and <c>on</c> and <c>off</c> by the second.</summary>
    internal static bool ParseSwitch(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> word = ControlText.UpToNul(text);
        int first = word.IsEmpty ? 0 : word[0] | 0x20;
        int second = word.Length > 1 ? word[1] | 0x20 : 0;
        if (first is 'y' or 't' || word.StartsWith("1"u8) || (first, second) == ('o', 'n'))
            return true;
        if (first is 'n' or 'f' || word.StartsWith("0"u8) || (first, second) == ('o', 'f'))
            return false;
        throw new ControlException(ControlError.Invalid, $"{ControlText.Show(ControlText.Strip(word))} is neither yes nor no; y, n, 1, 0, true, false, on or off are accepted.");
    }
}
