namespace ReclaimNative.Lab.Scenarios;

/// <summary>Reads the `pattern:` of a process: `kind` first, and then the keys of that kind only.</summary>
internal static class PatternReader
{
    private static readonly string[] Kinds = ["uniform", "zipf", "loop", "hotscan", "phase", "walk"];

    /// <summary>The pattern that <paramref name="fields"/> describe.</summary>
    public static PatternSpec Read(ScenarioFields fields) => fields.Choice("kind", Kinds) switch
    {
        "uniform" => Uniform(fields),
        "zipf" => Zipf(fields),
        "loop" => Loop(fields),
        "hotscan" => HotScan(fields),
        "phase" => Phase(fields),
        _ => Walk(fields),
    };

    private static UniformSpec Uniform(ScenarioFields fields)
    {
        fields.Accept("kind", "pages", "write");
        return new UniformSpec(Pages(fields), Write(fields));
    }

    private static ZipfSpec Zipf(ScenarioFields fields)
    {
        fields.Accept("kind", "pages", "skew", "permute", "write");
        return new ZipfSpec(
            Pages(fields, "pages", ZipfSpec.MostPages),
            fields.Number("skew", ZipfSpec.MostSkew, 1),
            fields.Flag("permute", true),
            Write(fields));
    }

    private static LoopSpec Loop(ScenarioFields fields)
    {
        fields.Accept("kind", "pages", "write");
        return new LoopSpec(Pages(fields), Write(fields));
    }

    private static HotScanSpec HotScan(ScenarioFields fields)
    {
        fields.Accept("kind", "hot", "cold", "scan", "skew", "write");
        uint hot = Pages(fields, "hot", ZipfSpec.MostPages);
        return new HotScanSpec(
            hot,
            Pages(fields, "cold", AccessPattern.MaxPages - hot),
            fields.Number("scan", 1, 0.1),
            fields.Number("skew", ZipfSpec.MostSkew, 0.8),
            Write(fields));
    }

    private static PhaseSpec Phase(ScenarioFields fields)
    {
        fields.Accept("kind", "pages", "hot", "every", "stay", "write");
        uint pages = Pages(fields);
        return new PhaseSpec(
            pages,
            Pages(fields, "hot", pages),
            fields.Whole("every", 1, ScenarioReader.MostAccesses),
            fields.Number("stay", 1, 0.95),
            Write(fields));
    }

    private static WalkSpec Walk(ScenarioFields fields)
    {
        fields.Accept("kind", "pages", "step", "write");
        uint pages = (uint)fields.Whole("pages", 2, AccessPattern.MaxPages);
        return new WalkSpec(pages, Pages(fields, "step", pages - 1), Write(fields));
    }

    private static uint Pages(ScenarioFields fields, string key = "pages", uint most = AccessPattern.MaxPages) =>
        (uint)fields.Whole(key, 1, most);

    private static double Write(ScenarioFields fields) => fields.Number("write", 1, 0);
}
