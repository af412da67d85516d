using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using ReclaimNative.Machine;

namespace ReclaimNative.Tests.Control;

/// <summary>
/// What control files accept and what it means, said once more by regular expressions and big numbers: nothing is shared with the parsers. The
/// answer is one line; null is a refusal.
/// </summary>
internal static partial class ControlOracle
{
    private const string Refused = "EINVAL";
    private const string White = @"[ \t\n\v\f\r]";
    private const string Number = "(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)";

    private static readonly BigInteger TwoTo64 = BigInteger.One << 64;
    private static readonly char[] Blanks = [' ', '\t', '\n', '\v', '\f', '\r'];

    /// <summary>memory.reclaim: pages and swappiness.</summary>
    public static string Reclaim(string text, KernelVersion kernel)
    {
        text = Stripped(text);
        if (kernel == KernelVersion.V6_1 && text.Length == 0)
            return $"{long.MaxValue / 4096} own";
        if (kernel == KernelVersion.V6_1)
            return Amount().Match(text) is { Success: true } only && only.Groups[3].Length == 0 && text.Length == only.Groups[1].Length + only.Groups[2].Length
                ? Pages(Bytes(only), kernel, long.MaxValue / 4096, "own")
                : Refused;
        if (Amount().Match(text) is not { Success: true } amount)
            return Refused;
        string swappiness = "own";
        foreach (string word in amount.Groups[3].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Match argument = Argument().Match(word);
            if (!argument.Success || (argument.Groups["max"].Success && kernel < KernelVersion.V6_18))
                return Refused;
            BigInteger value = argument.Groups["max"].Success ? 201 : Value(argument.Groups["number"].Value);
            if (!argument.Groups["max"].Success && value > (argument.Groups["minus"].Length > 0 ? 0 : 200))
                return Refused;
            swappiness = value.ToString(CultureInfo.InvariantCulture);
        }

        return Pages(Bytes(amount), kernel, null, swappiness);
    }

    /// <summary>PAGES SWAPPINESS MEMCG FLAGS, with NODES before where there are nodes.</summary>
    public static string Request(string text, int memcgs, int nodes)
    {
        Match match = (nodes > 0 ? RequestWithNodes() : RequestAlone()).Match(Stripped(text));
        if (!match.Success)
            return Refused;
        ulong mask = 0;
        if (nodes > 0)
        {
            foreach (string part in match.Groups["nodes"].Value.Split(','))
            {
                BigInteger[] ends = [.. part.Split('-').Select(p => BigInteger.Parse(p, CultureInfo.InvariantCulture))];
                if (ends[^1] < ends[0] || ends[^1] >= nodes)
                    return Refused;
                for (int node = (int)ends[0]; node <= ends[^1]; node++)
                    mask |= 1UL << node;
            }
        }

        BigInteger pages = Value(match.Groups["pages"].Value);
        BigInteger memcg = Value(match.Groups["memcg"].Value);
        BigInteger flags = Value(match.Groups["flags"].Value);
        string swappiness = match.Groups["swappiness"].Value switch
        {
            "-" => "own",
            "max" => "201",
            var number => Value(number) <= 200 ? Value(number).ToString(CultureInfo.InvariantCulture) : Refused,
        };
        if (pages > long.MaxValue || memcg >= memcgs || flags > 31 || swappiness == Refused)
            return Refused;
        int bits = (int)flags;
        if (((bits & 1) != 0 && (bits & 4) != 0) || (bits & 24) == 24)
            return Refused;
        string types = (bits & 7) switch { 1 or 3 => "CleanFile", 2 => "File", 4 => "Anon", _ => "Any" };
        string mode = (bits & 24) switch { 8 => "Evict", 16 => "Demote", _ => "Auto" };
        return pages.IsZero ? "nothing" : $"{pages} {swappiness} {memcg} {types} {mode} {mask}";
    }

    /// <summary>What an lru_gen write does: its commands up to the end, or up to the one that fails and why.</summary>
    public static string Commands(string text, KernelVersion kernel)
    {
        var done = new List<string>();
        foreach (string piece in UpToNul(text).Split(',', ';', '\n'))
        {
            string command = piece.TrimStart(Blanks);
            if (command.Length == 0)
                continue;
            string outcome = CommandOf(command, kernel);
            done.Add(outcome);
            if (outcome is Refused or "ERANGE")
                break;
        }

        return string.Join('|', done);
    }

    /// <summary>memory.max and its like: pages, or none.</summary>
    public static string Limit(string text, KernelVersion kernel)
    {
        text = Stripped(text);
        if (text == "max")
            return "none";
        if (Amount().Match(text) is not { Success: true } amount || text.Length != amount.Groups[1].Length + amount.Groups[2].Length)
            return Refused;
        BigInteger bytes = Bytes(amount);
        if (bytes >= TwoTo64 && kernel == KernelVersion.Fixed)
            return Refused;
        BigInteger pages = bytes % TwoTo64 / 4096;
        return pages >= long.MaxValue / 4096 ? "none" : pages.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>A number up to a bound.</summary>
    public static string UpTo(string text, ulong most) =>
        NumberAlone().IsMatch(Stripped(text)) && Value(Stripped(text)) is var value && value <= most ? value.ToString(CultureInfo.InvariantCulture) : Refused;

    /// <summary>lru_gen/enabled.</summary>
    public static string Generations(string text)
    {
        string first = Stripped(text).Length == 0 ? "" : Stripped(text)[..1];
        if ("yY".Contains(first, StringComparison.Ordinal) && first.Length > 0)
            return "7";
        if ("nN".Contains(first, StringComparison.Ordinal) && first.Length > 0)
            return "0";
        string number = UpTo(text, uint.MaxValue);
        return number == Refused ? Refused : (ulong.Parse(number, CultureInfo.InvariantCulture) & 7).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>demotion_enabled.</summary>
    public static string Switch(string text) =>
        SwitchOn().IsMatch(UpToNul(text)) ? "True" : SwitchOff().IsMatch(UpToNul(text)) ? "False" : Refused;

    /// <summary>A trigger: which stalls, threshold, window.</summary>
    public static string Trigger(string text, KernelVersion kernel)
    {
        if (kernel != KernelVersion.Fixed && text.Length > 0)
            text = text[..^1];
        Match match = PressureTrigger().Match(text);
        if (!match.Success)
            return Refused;
        BigInteger threshold = BigInteger.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture);
        BigInteger window = BigInteger.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture);
        bool accepted = window <= 10_000_000 && window >= (kernel == KernelVersion.V6_1 ? 500_000 : 1) && threshold >= 1 && threshold <= window;
        return accepted ? $"{match.Groups[1].Value} {threshold} {window}" : Refused;
    }

    private static string CommandOf(string command, KernelVersion kernel)
    {
        Match start = CommandStart().Match(command);
        if (!start.Success)
            return Refused;
        BigInteger[] fields = [.. Enumerable.Range(2, 3).Select(i => BigInteger.Parse(start.Groups[i].Value, CultureInfo.InvariantCulture))];
        if (fields[0] > uint.MaxValue || fields[1] > uint.MaxValue || fields[2] >= TwoTo64)
            return Refused;
        string swappiness = start.Groups[5].Success ? FifthOf(start.Groups[5].Value, kernel) : "own";
        if (swappiness is Refused or "ERANGE")
            return swappiness;
        BigInteger option = TwoTo64 - 1;
        if (start.Groups[6].Value.Trim(Blanks) is { Length: > 0 } rest)
        {
            if (!Digits().IsMatch(rest) || BigInteger.Parse(rest, CultureInfo.InvariantCulture) >= TwoTo64)
                return Refused;
            option = BigInteger.Parse(rest, CultureInfo.InvariantCulture);
        }

        return $"{start.Groups[1].Value} {fields[0]} {fields[1]} {fields[2]} {swappiness} {option}";
    }

    private static string FifthOf(string word, KernelVersion kernel)
    {
        if (kernel < KernelVersion.V6_18)
            return Digits().IsMatch(word) && BigInteger.Parse(word, CultureInfo.InvariantCulture) <= 200 ? BigInteger.Parse(word, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture) : Refused;
        if (word == "max")
            return "201";
        string digits = word[0] == '+' ? word[1..] : word;
        if (!NumberAlone().IsMatch(digits))
            return Refused;
        BigInteger value = Value(digits);
        return value > uint.MaxValue ? "ERANGE" : value <= 201 && word.Length <= 4 ? value.ToString(CultureInfo.InvariantCulture) : Refused;
    }

    private static string Pages(BigInteger bytes, KernelVersion kernel, long? most, string swappiness)
    {
        if (bytes >= TwoTo64 && kernel == KernelVersion.Fixed)
            return Refused;
        BigInteger pages = bytes % TwoTo64 / 4096;
        if (most is { } bound && pages > bound)
            pages = bound;
        return pages.IsZero ? "nothing" : $"{pages} {swappiness}";
    }

    private static BigInteger Bytes(Match amount) =>
        Value(amount.Groups[1].Value) * BigInteger.Pow(1024, amount.Groups[2].Length == 0 ? 0 : 1 + "KMGTPE".IndexOf(amount.Groups[2].Value, StringComparison.OrdinalIgnoreCase));

    private static BigInteger Value(string number)
    {
        if (number.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return BigInteger.Parse("0" + number[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return number[0] == '0' ? number.Aggregate(BigInteger.Zero, (sum, digit) => sum * 8 + (digit - '0')) : BigInteger.Parse(number, CultureInfo.InvariantCulture);
    }

    private static string UpToNul(string text) => text.Contains('\0', StringComparison.Ordinal) ? text[..text.IndexOf('\0', StringComparison.Ordinal)] : text;

    private static string Stripped(string text) => UpToNul(text).Trim(Blanks);

    [GeneratedRegex($"^({Number})([KMGTPEkmgtpe]?){White}*(.*)$", RegexOptions.Singleline)]
    private static partial Regex Amount();

    [GeneratedRegex($"^swappiness=(?:(?<max>max)|(?<minus>-?)(?<number>{Number}))\\z", RegexOptions.Singleline)]
    private static partial Regex Argument();

    [GeneratedRegex($"^(?<pages>{Number})[ \\t]+(?<swappiness>{Number}|max|-)[ \\t]+(?<memcg>{Number})[ \\t]+(?<flags>{Number})\\z")]
    private static partial Regex RequestAlone();

    [GeneratedRegex($"^(?<nodes>[0-9]+(?:-[0-9]+)?(?:,[0-9]+(?:-[0-9]+)?)*)[ \\t]+(?<pages>{Number})[ \\t]+(?<swappiness>{Number}|max|-)[ \\t]+(?<memcg>{Number})[ \\t]+(?<flags>{Number})\\z")]
    private static partial Regex RequestWithNodes();

    [GeneratedRegex(@"^([+-])[ \t\v\f\r]*([0-9]+)[ \t\v\f\r]+([0-9]+)[ \t\v\f\r]+([0-9]+)(?:[ \t\v\f\r]+([^ \t\v\f\r]+))?((?:[ \t\v\f\r].*)?)\z", RegexOptions.Singleline)]
    private static partial Regex CommandStart();

    [GeneratedRegex("^[0-9]+\\z")]
    private static partial Regex Digits();

    [GeneratedRegex($"^{Number}\\z")]
    private static partial Regex NumberAlone();

    [GeneratedRegex("^(?:[yYtT1]|[oO][nN])")]
    private static partial Regex SwitchOn();

    [GeneratedRegex("^(?:[nNfF0]|[oO][fF])")]
    private static partial Regex SwitchOff();

    [GeneratedRegex($"^(some|full){White}*((?>[0-9]+)){White}*((?>[0-9]+))")]
    private static partial Regex PressureTrigger();
}
