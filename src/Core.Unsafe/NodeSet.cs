using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using ReclaimNative.Machine;

namespace ReclaimNative;

/// <summary>Some nodes of a machine, or, by default, all of them. Immutable.</summary>
public readonly record struct NodeSet
{
    /// <summary>Most nodes of a machine: node n is bit n of <see cref="Mask"/>.</summary>
    public const int MostNodes = 64;

    private NodeSet(ulong mask) => Mask = mask;

    /// <summary>All nodes.</summary>
    public static NodeSet All => default;

    /// <summary>Bit n for node n; 0 for all of them.</summary>
    public ulong Mask { get; }

    /// <summary>All nodes, whatever there are.</summary>
    public bool IsAll => Mask == 0;

    /// <summary>The set of one node, or of all for null.</summary>
    public static implicit operator NodeSet(Node? node) => node is null ? default : new NodeSet(1UL << node.Id);

    /// <summary>The nodes of a mask.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No bit is set.</exception>
    public static NodeSet OfMask(ulong mask)
    {
        ArgumentOutOfRangeException.ThrowIfZero(mask);
        return new NodeSet(mask);
    }

    /// <summary>The set of one node, or of all for null.</summary>
    public static NodeSet FromNode(Node? node) => node;

    /// <summary>
    /// Reads a list as the kernel writes node lists: numbers below <see cref="MostNodes"/> and ranges with commas between, such as
    /// <c>0,2-3</c>; no blanks. The order says nothing, and a node may be there twice.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out NodeSet nodes)
    {
        nodes = default;
        if (string.IsNullOrEmpty(text))
            return false;
        ulong mask = 0;
        foreach (string part in text.Split(','))
        {
            int dash = part.IndexOf('-', StringComparison.Ordinal);
            if (!TryNumber(dash < 0 ? part : part[..dash], out int first) || !TryNumber(part[(dash + 1)..], out int last) || last < first)
                return false;
            mask |= (ulong.MaxValue >> (MostNodes - 1 - (last - first))) << first;
        }

        nodes = new NodeSet(mask);
        return true;
    }

    /// <summary>Whether a node is one of them.</summary>
    public bool Contains(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return IsAll || (Mask >> node.Id & 1) != 0;
    }

    /// <summary>The list as the kernel writes it, such as <c>0,2-3</c>; <c>all</c> for all nodes.</summary>
    public override string ToString()
    {
        if (IsAll)
            return "all";
        var parts = new List<string>();
        for (ulong rest = Mask; rest != 0;)
        {
            int first = BitOperations.TrailingZeroCount(rest);
            int count = BitOperations.TrailingZeroCount(~(rest >> first));
            parts.Add(count == 1 ? Number(first) : Number(first) + "-" + Number(first + count - 1));
            rest = first + count == MostNodes ? 0 : rest >> (first + count) << (first + count);
        }

        return string.Join(',', parts);
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number < MostNodes;
}
