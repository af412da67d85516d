using ReclaimNative.Concurrency;
using ReclaimNative.Memory;

namespace ReclaimNative.Machine;

/// <summary>
/// Where the pages of a node go instead of out: the nodes of lower memory tiers. Source: kernel-reclaim reference 2.13.
/// </summary>
/// <remarks>
/// Thread-safe when built <c>concurrent</c>. Taking a frame reclaims nothing and never waits. Never allocates after
/// construction.
/// </remarks>
internal sealed class Demotion
{
    private const ulong Golden = 0x9E37_79B9_7F4A_7C15;

    private readonly Node[][] _nearest;
    private readonly Node[][] _lower;
    private readonly bool _concurrent;
    private ulong _state;
    private volatile bool _isOn;

    public Demotion(Node[] nodes, bool on, bool concurrent)
    {
        _concurrent = concurrent;
        _isOn = on;
        _nearest = new Node[nodes.Length][];
        _lower = new Node[nodes.Length][];
        foreach (Node from in nodes)
        {
            int Distance(Node node) => Math.Abs(node.Id - from.Id);
            Node[] lower = Array.FindAll(nodes, n => n.Tier > from.Tier);
            Array.Sort(lower, (a, b) => a.Tier != b.Tier ? a.Tier.CompareTo(b.Tier)
                : Distance(a) != Distance(b) ? Distance(a).CompareTo(Distance(b))
                : a.Id.CompareTo(b.Id));
            _lower[from.Id] = lower;
            _nearest[from.Id] = Array.FindAll(lower, n => n.Tier == lower[0].Tier && Distance(n) == Distance(lower[0]));
        }
    }

    /// <summary>Where its lots stand.</summary>
    public void Pass(StateLog log) => log.Pass(ref _state);

    /// <summary>Whether its owner has it on.</summary>
    public void PassSettings(StateLog log) => _isOn = log.Through(_isOn);

    /// <summary>Pages are demoted where there is a lower tier.</summary>
    public bool IsOn
    {
        get => _isOn;
        set => _isOn = value;
    }

    /// <summary>Whether pages of a node may go to another: it is on, and there is a lower tier.</summary>
    public bool CanDemote(Node from) => _isOn && _lower[from.Id].Length > 0;

    /// <summary>The node that is to take what leaves <paramref name="from"/>: one of the nearest of the next lower tier, by lot.</summary>
    public Node ChooseTarget(Node from)
    {
        Node[] nearest = _nearest[from.Id];
        return nearest.Length == 1 ? nearest[0] : nearest[(int)(Draw() % (uint)nearest.Length)];
    }

    /// <summary>
    /// A free frame of the chosen node, or else of any lower tier, the next one first. A node that is below its low watermark
    /// is to be reclaimed by its kswapd and gives what it has above its minimum.
    /// </summary>
    /// <returns>Whose frame it is; null when none has one to spare.</returns>
    public Node? TakeFrame(Node from, Node chosen, out uint pfn)
    {
        if (TryTake(chosen, out pfn))
            return chosen;
        foreach (Node node in _lower[from.Id])
        {
            if (node != chosen && TryTake(node, out pfn))
                return node;
        }

        return null;
    }

    /// <summary>The chosen node when it has a frame to spare, or else any of a lower tier that has, the next one first; null for none.</summary>
    public Node? FindRoom(Node from, Node chosen)
    {
        if (HasRoom(chosen))
            return chosen;
        foreach (Node node in _lower[from.Id])
        {
            if (HasRoom(node))
                return node;
        }

        return null;
    }

    /// <summary>Whether a node is of a lower tier than another.</summary>
    public bool IsLower(Node from, Node node) => Array.IndexOf(_lower[from.Id], node) >= 0;

    /// <summary>A free frame of one node, if it has one to spare.</summary>
    public static bool TryTake(Node node, out uint pfn)
    {
        if (node.Free <= node.Watermarks.Low)
            node.WantKswapd();
        pfn = 0;
        return HasRoom(node) && node.Allocator.TryTake(0, out pfn);
    }

    private static bool HasRoom(Node node) => node.Free > node.Watermarks.Min;

    /// <summary>
    /// The next number of a fixed sequence, so that a run can be repeated. Source: G. Steele, D. Lea, C. Flood, "Fast Splittable
    /// Pseudorandom Number Generators", OOPSLA 2014 (SplitMix64).
    /// </summary>
    private ulong Draw()
    {
        ulong z = Atomic.Add(ref _state, Golden, _concurrent);
        z = unchecked((z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9);
        z = unchecked((z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB);
        return z ^ (z >> 31);
    }
}
