namespace ReclaimNative.Policies;

/// <summary>What a policy says of itself before it is bound. Only the name is required.</summary>
public sealed record PolicyDescriptor
{
    /// <summary>The name to ask for it by: <c>[a-z0-9]+</c>.</summary>
    public required string Name { get; init; }

    /// <summary>One line for <c>reclaim policies</c>.</summary>
    public string Summary { get; init; } = "";

    /// <summary>How the core treats its pages.</summary>
    public PolicyFlags Flags { get; init; }

    /// <summary>It behaves differently by <see cref="Machine.KernelVersion"/>, and can be asked for as <c>name@version</c>.</summary>
    public bool HasVersions { get; init; }

    /// <summary>What it is told of accesses.</summary>
    public PolicySight Sight { get; init; }

    /// <summary>Lists that it uses on each lruvec, 1 to 64.</summary>
    public int Lists { get; init; } = 1;

    /// <summary>Least number of pages that a reclaim asks it for: the kernel's 32, 1 for exact policies.</summary>
    public int LeastReclaim { get; init; } = 1;

    /// <summary>Bytes of its state for each lruvec.</summary>
    public int StateBytes { get; init; }

    /// <summary>32-bit words that it keeps for each frame.</summary>
    public int WordsPerPage { get; init; }

    /// <summary>
    /// 32-bit words that it keeps for each page, resident or not (<see cref="PolicyView.History"/>), 0 to 16. They cost memory for every
    /// page of the machine's tables that has ever been touched, where <see cref="WordsPerPage"/> costs it for each frame.
    /// </summary>
    public int HistoryWords { get; init; }

    /// <summary>Orders over pages, resident or not, that it keeps on each lruvec (<see cref="PolicyView.Order"/>), 0 to 8.</summary>
    public int Orders { get; init; }

    /// <summary>
    /// Fuel of each call: calls of helpers that it may make, one for each page where a helper works on several. An isolation that
    /// looks at 4096 pages takes some 16,000. At least 1024.
    /// </summary>
    public int Fuel { get; init; } = 65536;

    /// <summary>Mechanisms that it uses unless they are switched off.</summary>
    public Mechanism Defaults { get; init; }

    /// <summary>Mechanisms that it can use.</summary>
    public Mechanism Supports { get; init; }
}
