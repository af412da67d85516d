using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Policies;

namespace ReclaimNative.Bindings;

/// <summary>Policies by name: <c>name</c>, then <c>+switch</c> or <c>-switch</c> as often as wanted, with commas between policies.</summary>
internal static class PolicyNames
{
    private static readonly PolicyDefinition[] Known =
    [
        PolicyDefinition.Of<ClassicPolicy>(),
        PolicyDefinition.Of<MglruPolicy>(),
        PolicyDefinition.Of<FifoPolicy>(),
        PolicyDefinition.Of<LruPolicy>(),
        PolicyDefinition.Of<ClockPolicy>(),
        PolicyDefinition.Of<SievePolicy>(),
    ];

    /// <summary>Reads a list such as <c>mglru-bloom,classic</c>.</summary>
    public static PolicyDefinition[] ParseList(string list) => [.. list.Split(',', StringSplitOptions.TrimEntries).Select(Parse)];

    private static PolicyDefinition Parse(string text)
    {
        int end = text.AsSpan().IndexOfAny('+', '-');
        string name = end < 0 ? text : text[..end];
        PolicyDefinition policy = Known.FirstOrDefault(p => p.Name == name)
            ?? throw new Refusal(Status.Invalid, $"There is no policy '{name}'; there are {string.Join(", ", Known.Select(p => p.Name))}.");
        if (end < 0)
            return policy;

        Mechanism on = Mechanism.None;
        Mechanism off = Mechanism.None;
        while (end < text.Length)
        {
            int next = text.AsSpan(end + 1).IndexOfAny('+', '-');
            int stop = next < 0 ? text.Length : end + 1 + next;
            Mechanism mechanism = Switch(policy, text[(end + 1)..stop]);
            if (((on | off) & mechanism) != 0)
                throw new Refusal(Status.Invalid, $"Policy '{text}' has a switch twice; once is accepted.");
            if (text[end] == '+')
                on |= mechanism;
            else
                off |= mechanism;
            end = stop;
        }

        return policy.With(text, on, off);
    }

    private static Mechanism Switch(PolicyDefinition policy, string word)
    {
        foreach (Mechanism mechanism in Enum.GetValues<Mechanism>())
        {
            if ((policy.Descriptor.Supports & mechanism) != 0 && word == NameOf(mechanism))
                return mechanism;
        }

        throw new Refusal(Status.Invalid, $"Policy {policy.Name} has no switch '{word}'; it has {policy.DescribeSwitches()}.");
    }

    private static string NameOf(Mechanism mechanism) => mechanism.ToString().ToLowerInvariant();
}
