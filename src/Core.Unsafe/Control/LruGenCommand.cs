using ReclaimNative.Machine;

namespace ReclaimNative.Control;

/// <summary>
/// One command of <c>lru_gen</c>: <c>+ memcg node max_gen [swappiness [force_scan]]</c> ages, <c>- memcg node min_gen [swappiness
/// [pages]]</c> evicts. Source: kernel-reclaim reference 5.19.
/// </summary>
/// <param name="Ages">True for <c>+</c>.</param>
/// <param name="Memcg">Number of the cgroup.</param>
/// <param name="Node">Number of the node.</param>
/// <param name="Generation">The generation named.</param>
/// <param name="Swappiness">0 to 200, <see cref="ReclaimRequest.AnonOnly"/>, or null for the cgroup's own.</param>
/// <param name="Option">The last field; all ones when it is left out.</param>
internal readonly record struct LruGenCommand(bool Ages, uint Memcg, uint Node, ulong Generation, int? Swappiness, ulong Option)
{
    /// <summary>The kernel reads so many characters of the fifth field.</summary>
    private const int SwappinessLength = 4;

    /// <summary>Takes the next command off a write.</summary>
    /// <param name="rest">What is left of the write: commands with <c>,</c>, <c>;</c> or newlines between, of which blank ones are passed over.</param>
    /// <param name="kernel">Whose grammar it is.</param>
    /// <param name="command">The command.</param>
    /// <returns>False: there is none left.</returns>
    /// <exception cref="ControlException">EINVAL: it is malformed. ERANGE: from 6.18 on, a swappiness of more than 32 bits.</exception>
    public static bool TryTake(ref ReadOnlySpan<byte> rest, KernelVersion kernel, out LruGenCommand command)
    {
        command = default;
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOfAny((byte)',', (byte)';', (byte)'\n');
            ReadOnlySpan<byte> text = ControlText.SkipSpace(end < 0 ? rest : rest[..end]);
            rest = end < 0 ? default : rest[(end + 1)..];
            if (text.IsEmpty)
                continue;
            command = Parse(text, kernel);
            return true;
        }

        return false;
    }

    private static LruGenCommand Parse(ReadOnlySpan<byte> text, KernelVersion kernel)
    {
        if (text[0] is not ((byte)'+' or (byte)'-'))
            throw Invalid($"{ControlText.Show(text)} is no command; + to age and - to evict are accepted.");
        ReadOnlySpan<byte> rest = text[1..];
        uint memcg = (uint)Mandatory(ref rest, "memcg_id", uint.MaxValue);
        uint node = (uint)Mandatory(ref rest, "node_id", uint.MaxValue);
        ulong generation = Mandatory(ref rest, text[0] == '+' ? "max_gen" : "min_gen", ulong.MaxValue);
        ReadOnlySpan<byte> word = ControlText.TakeWord(ref rest);
        int? swappiness = word.IsEmpty ? null : kernel >= KernelVersion.V6_18 ? SwappinessOf(word) : FirstSwappinessOf(word);
        word = ControlText.TakeWord(ref rest);
        ulong option = word.IsEmpty ? ulong.MaxValue : Number(word, text[0] == '+' ? "force_scan" : "nr_to_reclaim", ulong.MaxValue);
        rest = ControlText.SkipSpace(rest);
        if (!rest.IsEmpty)
            throw Invalid($"{ControlText.Show(rest)} follows the last field; a command has at most five fields after its letter, and , ; or a newline are accepted between commands.");
        return new LruGenCommand(text[0] == '+', memcg, node, generation, swappiness, option);
    }

    private static ulong Mandatory(ref ReadOnlySpan<byte> rest, string field, ulong most)
    {
        ReadOnlySpan<byte> word = ControlText.TakeWord(ref rest);
        if (word.IsEmpty)
            throw Invalid($"{field} is missing; a letter, a cgroup's number, a node's and a generation's are required.");
        return Number(word, field, most);
    }

    private static ulong Number(ReadOnlySpan<byte> word, string field, ulong most)
    {
        if (!ControlText.TryDecimal(word, out ulong value, out bool fits))
            throw Invalid($"{field} {ControlText.Show(word)} is no number; unsigned decimal ones are accepted.");
        if (!fits || value > most)
            throw Invalid($"{field} {ControlText.Show(word)} is out of range; 0 to {most} are accepted.");
        return value;
    }

    private static int SwappinessOf(ReadOnlySpan<byte> word)
    {
        if (word.SequenceEqual("max"u8))
            return ReclaimRequest.AnonOnly;
        ReadOnlySpan<byte> digits = word.StartsWith("+"u8) ? word[1..] : word;
        bool isNumber = ControlText.TryNumber(digits, out ulong value, out bool fits);
        if (isNumber && (!fits || value > uint.MaxValue))
            throw new ControlException(ControlError.Range, $"swappiness {ControlText.Show(word)} does not fit in 32 bits; 0 to 201 or max are accepted.");
        if (!isNumber || value > ReclaimRequest.AnonOnly || word.Length > SwappinessLength)
            throw Invalid($"swappiness {ControlText.Show(word)} is none; 0 to 201 or max, in at most {SwappinessLength} characters, are accepted.");
        return (int)value;
    }

    private static int FirstSwappinessOf(ReadOnlySpan<byte> word)
    {
        if (!ControlText.TryDecimal(word, out ulong value, out bool fits) || !fits || value > 200)
            throw Invalid($"swappiness {ControlText.Show(word)} is none; 0 to 200 are accepted.");
        return (int)value;
    }

    private static ControlException Invalid(string message) => new(ControlError.Invalid, message);
}
