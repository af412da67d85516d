using System.Collections.Immutable;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>Reads the `events:` of a scenario file, checked against the memcgs that it declares.</summary>
/// <param name="accesses">Accesses of the scenario: an event comes before the last.</param>
/// <param name="memcgs">The memcgs that an event may name by path, beside the root.</param>
internal sealed class EventReader(long accesses, ImmutableArray<MemcgSpec> memcgs)
{
    private static readonly string[] Changes = ["policy", "max", "high", "swappiness"];

    /// <summary>The events in the order in which they happen; those of one moment as in the file. None when the key is absent.</summary>
    public ImmutableArray<EventSpec> Read(ScenarioFields top) => [.. top.Mappings("events").Select(One).OrderBy(e => e.At)];

    private EventSpec One(ScenarioFields fields)
    {
        fields.Accept(["at", "memcg", .. Changes]);
        if (!Changes.Any(fields.Has))
            throw fields.Error("", $"changes nothing; accepted: one or more of {string.Join(", ", Changes)}");
        var spec = new EventSpec
        {
            At = fields.Whole("at", 1, accesses - 1),
            Memcg = fields.Has("memcg") ? fields.Choice("memcg", [MemcgSpec.RootPath, .. memcgs.Select(m => m.Path)]) : MemcgSpec.RootPath,
            Policy = fields.Has("policy") ? ScenarioReader.PolicyOf(fields) : null,
            MaxPages = fields.Has("max") ? fields.Limit("max", least: 1, absent: 0) : null,
            HighPages = fields.Has("high") ? fields.Limit("high", least: 1, absent: 0) : null,
            Swappiness = fields.Has("swappiness") ? (int)fields.Whole("swappiness", 0, 200) : null,
        };
        foreach (string key in (string[])["max", "high"])
        {
            if (fields.Has(key) && spec.Memcg == MemcgSpec.RootPath)
                throw fields.Error(key, "goes with a memcg below the root; this event has none");
        }

        return spec;
    }
}
