using ReclaimNative.Machine;

namespace ReclaimNative.Control;

/// <summary>
/// What the kernel's <c>memory.reclaim</c> and <c>nodeN/reclaim</c> take: <c>AMOUNT [swappiness=N|max]...</c>. Source: kernel-reclaim
/// reference 6.3.
/// </summary>
/// <remarks>
/// The amount is bytes (<see cref="ByteAmount"/>) and needs no separator after it, while only spaces separate the arguments; the last
/// swappiness wins (KR 15 row 8). 6.12 knows no <c>max</c>; 6.1 takes the amount alone, and nothing at all for everything (row 20).
/// </remarks>
public static class ReclaimText
{
    private const string Accepted = "swappiness=0 to 200 or swappiness=max";

    /// <summary>Reads a request; nothing is carried out.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="kernel">Whose grammar it is.</param>
    /// <param name="memcg">Whose <c>memory.reclaim</c> it is, or null for a node's file.</param>
    /// <param name="nodes">Whose <c>reclaim</c> it is, or all nodes.</param>
    /// <returns>The request, which aims as the kernel does; null when it is for less than a page and there is nothing to do.</returns>
    /// <exception cref="ControlException">EINVAL: it is malformed.</exception>
    public static ReclaimRequest? Parse(ReadOnlySpan<byte> text, KernelVersion kernel, MemoryCgroup? memcg, NodeSet nodes = default)
    {
        ReadOnlySpan<byte> rest = ControlText.Strip(ControlText.UpToNul(text));
        if (kernel == KernelVersion.V6_1)
            return Request(FirstForm(rest), memcg, nodes, null);
        ulong pages = ByteAmount.Take(ref rest, kernel) / ByteAmount.BytesPerPage;
        int? swappiness = null;
        rest = ControlText.SkipSpace(rest);
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf((byte)' ');
            ReadOnlySpan<byte> word = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            if (!word.IsEmpty)
                swappiness = SwappinessOf(word, kernel);
        }

        return Request(pages, memcg, nodes, swappiness);
    }

    private static ReclaimRequest? Request(ulong pages, MemoryCgroup? memcg, NodeSet nodes, int? swappiness) => pages == 0
        ? null
        : new ReclaimRequest((long)pages, memcg, nodes, swappiness) { Overshoots = true, BatchPages = long.MaxValue };

    private static ulong FirstForm(ReadOnlySpan<byte> rest)
    {
        if (rest.IsEmpty)
            return ByteAmount.MostPages;
        ulong pages = ByteAmount.Take(ref rest, KernelVersion.V6_1) / ByteAmount.BytesPerPage;
        if (!rest.IsEmpty)
            throw Invalid($"{ControlText.Show(rest)} follows the amount; in profile 6.1 the amount alone is accepted.");
        return Math.Min(pages, ByteAmount.MostPages);
    }

    private static int SwappinessOf(ReadOnlySpan<byte> word, KernelVersion kernel)
    {
        if (!word.StartsWith("swappiness="u8))
            throw Invalid($"{ControlText.Show(word)} is no argument; {AcceptedBy(kernel)} are accepted.");
        ReadOnlySpan<byte> value = word["swappiness=".Length..];
        if (kernel >= KernelVersion.V6_18 && value.SequenceEqual("max"u8))
            return ReclaimRequest.AnonOnly;

        // A number with a sign is one, as the kernel reads it, though 0 is the only one in range.
        ReadOnlySpan<byte> digits = value.StartsWith("-"u8) ? value[1..] : value;
        bool isNumber = ControlText.TryNumber(digits, out ulong number, out bool fits);
        if (!isNumber || !fits || number > (digits.Length == value.Length ? 200UL : 0))
            throw Invalid($"{ControlText.Show(word)} is {(isNumber ? "out of range" : "no number")}; {AcceptedBy(kernel)} are accepted.");
        return (int)number;
    }

    private static string AcceptedBy(KernelVersion kernel) => kernel >= KernelVersion.V6_18 ? Accepted : "swappiness=0 to 200";

    private static ControlException Invalid(string message) => new(ControlError.Invalid, message);
}
