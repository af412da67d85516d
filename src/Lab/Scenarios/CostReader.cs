using System.Collections.Immutable;
using System.Globalization;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>Reads the `costs:` of a scenario file.</summary>
/// <param name="nodes">The nodes: every tier of theirs has a cost when any has.</param>
internal sealed class CostReader(ImmutableArray<NodeSpec> nodes)
{
    private const long MostNs = 1_000_000_000;
    private const long MostUs = 1_000_000_000;

    /// <summary>The costs, or null when the key is absent: the scenario knows no time but 100 ns for each access.</summary>
    public CostSpec? Read(ScenarioFields top)
    {
        if (!top.Has("costs"))
            return null;
        ScenarioFields fields = top.Mapping("costs");
        fields.Accept("access_ns", "swap", "swap_in_us", "file_read_us", "scan_ns", "tiers");
        if (fields.Has("swap") && fields.Has("swap_in_us"))
            throw fields.Error("swap", "and swap_in_us say the same; accepted: one of them");
        CostSpec absent = new();
        return new CostSpec
        {
            AccessNs = fields.Whole("access_ns", 1, MostNs, absent.AccessNs),
            SwapInUs = fields.Has("swap") ? DeviceOf(fields) : fields.Whole("swap_in_us", 0, MostUs, absent.SwapInUs),
            FileReadUs = fields.Whole("file_read_us", 0, MostUs, absent.FileReadUs),
            ScanNs = fields.Whole("scan_ns", 0, MostNs, absent.ScanNs),
            TierNs = TiersOf(fields),
        };
    }

    private static long DeviceOf(ScenarioFields fields)
    {
        string name = fields.Choice("swap", [.. CostSpec.SwapDevices.Select(d => d.Name)]);
        return CostSpec.SwapDevices.First(d => d.Name == name).Us;
    }

    private ImmutableArray<long> TiersOf(ScenarioFields fields)
    {
        if (!fields.Has("tiers"))
            return [];
        int tiers = nodes.Max(n => n.Tier) + 1;
        string accepted = $"a whole number from 0 to {MostNs} for each tier from 0 to {tiers - 1}";
        List<string> words = fields.Words("tiers");
        if (words.Count != tiers)
            throw fields.Error("tiers", $"has {words.Count} numbers; accepted: {accepted}");
        return [.. words.Select(word => long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out long ns) && ns <= MostNs
            ? ns
            : throw fields.Error("tiers", $"has {ScenarioException.Quote(word)}; accepted: {accepted}"))];
    }
}
