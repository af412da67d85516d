namespace ReclaimNative.Bench.Ratios;

/// <summary>What a contestant is measured for.</summary>
internal enum Side
{
    /// <summary>Our C#; the first of a case is the one that the ratios are about.</summary>
    Ours,

    /// <summary>C that does the same; the fastest of a case is the one to beat.</summary>
    Peer,

    /// <summary>What the memory allows: it does less, and its value is not compared.</summary>
    Ceiling,

    /// <summary>C that does the same by means that C# does not have: reported in a row of its own.</summary>
    Aside,
}

/// <summary>One implementation in a case.</summary>
/// <param name="Name">Unique in its case.</param>
/// <param name="Side">What it is measured for.</param>
/// <param name="Sample">The timed part: 1 to 10 ms of work. Returns a number that depends on all of it.</param>
internal sealed record Contestant(string Name, Side Side, Func<ulong> Sample);

/// <summary>
/// One line-up: several implementations of the same work, run in turn in one process, sample by sample.
/// </summary>
internal sealed class RatioCase
{
    /// <summary>Names the work, the data and where it lies, as in "harvest, 1 % young, DRAM".</summary>
    public required string Name { get; init; }

    /// <summary>Work of one sample, in what <see cref="Unit"/> counts.</summary>
    public required double Work { get; init; }

    /// <summary>What is reported: "G pages/s" (work per nanosecond, more is better) or "ns/key" (the inverse, less is better).</summary>
    public required string Unit { get; init; }

    /// <summary>The implementations, ours first.</summary>
    public required IReadOnlyList<Contestant> Contestants { get; init; }

    /// <summary>Makes the data of the next sample, untimed, before every one of them.</summary>
    public Action Prepare { get; init; } = () => { };

    /// <summary>Looks, untimed, at what the sample returned and left behind; throws when it is wrong.</summary>
    public Action<Contestant, ulong> Verify { get; init; } = (_, _) => { };

    /// <summary>True when every sample has equal data, so that all contestants must return the same value in a round.</summary>
    public bool SameValue { get; init; } = true;

    /// <summary>Reports time per unit of work instead of work per time.</summary>
    public bool IsTime => Unit.StartsWith("ns/", StringComparison.Ordinal);
}

/// <summary>The cases of one mark, and the memory that they share until it is disposed.</summary>
internal interface IRatioCases : IDisposable
{
    /// <summary>The mark, as <c>--mark</c> names it.</summary>
    string Mark { get; }

    /// <summary>Cases one after the other; each is measured before the next is asked for, so they may share memory.</summary>
    IEnumerable<RatioCase> Cases(PeerLibrary peers);

    /// <summary>What the mark asks for besides time.</summary>
    IEnumerable<RatioRow> OtherRows() => [];
}
