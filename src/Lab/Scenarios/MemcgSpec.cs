namespace ReclaimNative.Lab.Scenarios;

/// <summary>A memory cgroup of a <see cref="Scenario"/>, below the root.</summary>
public sealed record MemcgSpec
{
    /// <summary>The limit written `max`: none.</summary>
    public const long Unlimited = long.MaxValue;

    /// <summary>The path of the root, which every scenario has and none declares.</summary>
    public const string RootPath = "/";

    /// <summary>Absolute path such as "/db/shard1".</summary>
    public required string Path { get; init; }

    /// <summary>The path of the memcg above, "/" for those at the top.</summary>
    public string Parent => Path.LastIndexOf('/') is > 0 and int end ? Path[..end] : RootPath;

    /// <summary>memory.max in pages, at least 1, or <see cref="Unlimited"/>.</summary>
    public required long MaxPages { get; init; }

    /// <summary>memory.min in pages, never above <see cref="MaxPages"/>.</summary>
    public required long MinPages { get; init; }

    /// <summary>memory.low in pages, never above <see cref="MaxPages"/>.</summary>
    public required long LowPages { get; init; }

    /// <summary>memory.high in pages, or <see cref="Unlimited"/>.</summary>
    public long HighPages { get; init; } = Unlimited;

    /// <summary>memory.swap.max in pages, or <see cref="Unlimited"/>.</summary>
    public long SwapMaxPages { get; init; } = Unlimited;

    /// <summary>Swappiness of this memcg, 0 to 200; null: the scenario's.</summary>
    public required int? Swappiness { get; init; }
}
