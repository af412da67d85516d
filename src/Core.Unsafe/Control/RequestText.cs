using System.Text;
using ReclaimNative.Machine;

namespace ReclaimNative.Control;

/// <summary>
/// The request in the words of the proposal of 2022, in files of our own: <c>nodeN/reclaim_request</c> takes
/// <c>PAGES SWAPPINESS MEMCG FLAGS</c>, and <c>/sys/kernel/mm/reclaim</c> the same after <c>NODES</c>, a node list as the kernel writes it
/// (<c>0,2-3</c>).
/// </summary>
/// <remarks>
/// Every field is required; spaces and tabs separate them. Numbers are unsigned, their base by prefix. SWAPPINESS is 0 to 200, <c>max</c>, or
/// <c>-</c> for each cgroup's own. MEMCG is a cgroup's number with all below it, 0 the whole machine. FLAGS: 1 clean file pages only, 2 file
/// pages, 4 anonymous pages, 8 evict only, 16 demote only. 2 and 4 together are any page, as neither is; 1 and 2 are clean file pages; 1 with
/// 4, and 8 with 16, contradict each other.
/// </remarks>
public static class RequestText
{
    private const ulong CleanFile = 1;
    private const ulong File = 2;
    private const ulong Anon = 4;
    private const ulong Evict = 8;
    private const ulong Demote = 16;
    private const string FlagNames = "1 clean file only, 2 file, 4 anon, 8 evict only, 16 demote only";

    /// <summary>Reads <c>PAGES SWAPPINESS MEMCG FLAGS</c> for some nodes; nothing is carried out.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="memcgs">The cgroups by number.</param>
    /// <param name="nodes">The nodes.</param>
    /// <returns>The request; null for 0 pages, when there is nothing to do.</returns>
    /// <exception cref="ControlException">EINVAL: it is malformed, or there is no such cgroup.</exception>
    public static ReclaimRequest? Parse(ReadOnlySpan<byte> text, IReadOnlyList<MemoryCgroup> memcgs, NodeSet nodes)
    {
        ReadOnlySpan<byte> rest = ControlText.Strip(ControlText.UpToNul(text));
        return ParseFields(rest, memcgs, nodes);
    }

    /// <summary>Reads <c>NODES PAGES SWAPPINESS MEMCG FLAGS</c>; nothing is carried out.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="memcgs">The cgroups by number.</param>
    /// <param name="nodeCount">How many nodes there are.</param>
    /// <returns>The request; null for 0 pages, when there is nothing to do.</returns>
    /// <exception cref="ControlException">EINVAL: it is malformed, or there is no such node or cgroup.</exception>
    public static ReclaimRequest? ParseWithNodes(ReadOnlySpan<byte> text, IReadOnlyList<MemoryCgroup> memcgs, int nodeCount)
    {
        ReadOnlySpan<byte> rest = ControlText.Strip(ControlText.UpToNul(text));
        ReadOnlySpan<byte> word = TakeField(ref rest, "NODES");
        if (!NodeSet.TryParse(Encoding.Latin1.GetString(word), out NodeSet nodes))
            throw Invalid($"NODES {ControlText.Show(word)} is no list of nodes; numbers and ranges with commas between, such as 0,2-3, are accepted.");
        if (nodeCount < NodeSet.MostNodes && nodes.Mask >> nodeCount != 0)
            throw Invalid($"NODES {ControlText.Show(word)} names nodes that there are not; nodes are 0 to {nodeCount - 1}.");
        return ParseFields(rest, memcgs, nodes);
    }

    private static ReclaimRequest? ParseFields(ReadOnlySpan<byte> rest, IReadOnlyList<MemoryCgroup> memcgs, NodeSet nodes)
    {
        ulong pages = Number(TakeField(ref rest, "PAGES"), "PAGES", long.MaxValue);
        int? swappiness = SwappinessOf(TakeField(ref rest, "SWAPPINESS"));
        int memcg = (int)Number(TakeField(ref rest, "MEMCG"), "MEMCG", (ulong)memcgs.Count - 1);
        ulong flags = Number(TakeField(ref rest, "FLAGS"), "FLAGS", ulong.MaxValue);
        if (!rest.IsEmpty)
            throw Invalid($"{ControlText.Show(rest)} follows FLAGS, the last field; PAGES SWAPPINESS MEMCG FLAGS, with blanks between, are accepted.");
        ReclaimTypes types = TypesOf(flags);
        ReclaimMode mode = ModeOf(flags);
        return pages == 0
            ? null
            : new ReclaimRequest((long)pages, memcg == 0 ? null : memcgs[memcg], nodes, swappiness) { Types = types, Mode = mode };
    }

    private static ReclaimTypes TypesOf(ulong flags)
    {
        if ((flags & ~(CleanFile | File | Anon | Evict | Demote)) != 0)
            throw Invalid($"FLAGS {flags} has bits that mean nothing; {FlagNames}, and their sums, are accepted.");
        if ((flags & (CleanFile | Anon)) == (CleanFile | Anon))
            throw Invalid($"FLAGS {flags} asks for clean file pages only (1) and for anonymous ones (4); one of them is accepted.");
        if ((flags & CleanFile) != 0)
            return ReclaimTypes.CleanFile;
        return (flags & (File | Anon)) switch
        {
            File => ReclaimTypes.File,
            Anon => ReclaimTypes.Anon,
            _ => ReclaimTypes.Any,
        };
    }

    private static ReclaimMode ModeOf(ulong flags) => (flags & (Evict | Demote)) switch
    {
        0 => ReclaimMode.Auto,
        Evict => ReclaimMode.Evict,
        Demote => ReclaimMode.Demote,
        _ => throw Invalid($"FLAGS {flags} asks to evict only (8) and to demote only (16); one of them is accepted."),
    };

    private static int? SwappinessOf(ReadOnlySpan<byte> word)
    {
        if (word.SequenceEqual("-"u8))
            return null;
        if (word.SequenceEqual("max"u8))
            return ReclaimRequest.AnonOnly;
        if (!ControlText.TryNumber(word, out ulong value, out bool fits) || !fits || value > 200)
            throw Invalid($"SWAPPINESS {ControlText.Show(word)} is none; 0 to 200, max, or - for each cgroup's own are accepted.");
        return (int)value;
    }

    private static ulong Number(ReadOnlySpan<byte> word, string field, ulong most)
    {
        if (!ControlText.TryNumber(word, out ulong value, out bool fits))
            throw Invalid($"{field} {ControlText.Show(word)} is no unsigned number; decimal, 0x hex or 0 octal are accepted.");
        if (!fits || value > most)
            throw Invalid($"{field} {ControlText.Show(word)} is out of range; 0 to {most} are accepted.");
        return value;
    }

    /// <summary>The next field. A line break is no blank: who writes two lines means two requests, of which one would be lost.</summary>
    private static ReadOnlySpan<byte> TakeField(ref ReadOnlySpan<byte> rest, string field)
    {
        int length = rest.IndexOfAny((byte)' ', (byte)'\t');
        ReadOnlySpan<byte> word = length < 0 ? rest : rest[..length];
        if (word.IsEmpty)
            throw Invalid($"{field} is missing; every field is required, and - stands for no swappiness.");
        rest = rest[word.Length..];
        while (!rest.IsEmpty && rest[0] is (byte)' ' or (byte)'\t')
            rest = rest[1..];
        return word;
    }

    private static ControlException Invalid(string message) => new(ControlError.Invalid, message);
}
