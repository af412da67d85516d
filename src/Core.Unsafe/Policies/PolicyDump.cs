using System.Globalization;
using System.Text;

namespace ReclaimNative.Policies;

/// <summary>Text about a policy that misbehaved.</summary>
internal static unsafe class PolicyDump
{
    /// <summary>Bytes of state shown.</summary>
    private const int ShownState = 256;

    /// <summary>What a policy did, to follow "it".</summary>
    public static string Sentence(PolicyOverride cause) => cause switch
    {
        PolicyOverride.NotItsFolio => "named folios that are not its to touch, again and again",
        PolicyOverride.OutOfRange => "named lists or pages that do not exist, again and again",
        PolicyOverride.BatchFull => "isolated more than a batch holds, again and again",
        PolicyOverride.NotPlaced => "left folios on no list, again and again",
        PolicyOverride.WrongOperation => "called helpers that this operation has no business with, again and again",
        PolicyOverride.BadAnswer => "gave answers that mean nothing, again and again",
        PolicyOverride.OutOfFuel => "used up its fuel, again and again",
        PolicyOverride.TooMany => "evicted far more than was asked for, again and again",
        PolicyOverride.Tampered => "wrote over what is the core's, again and again",
        PolicyOverride.Allocated => "allocated managed memory, again and again",
        PolicyOverride.TooSlow => "took too long, again and again",
        PolicyOverride.KeptAll => "kept every page that it was asked about while memory was needed, again and again",
        PolicyOverride.Withheld => "proposed no page while memory was needed, again and again",
        _ => "broke the contract",
    };

    /// <summary>The overrides of a policy, and the lists and state of one of its lruvecs.</summary>
    public static string Of(PolicyView view, PolicyRecord record)
    {
        var text = new StringBuilder();
        text.Append("policy ").AppendLine(view.Definition.Name);
        text.Append("lruvec ").Append(view.Memcg.Path).Append(" node ").Append(view.Node.Id).AppendLine();
        var counts = record.Counts();
        for (int kind = 0; kind < counts.Length; kind++)
        {
            if (counts[kind] > 0)
                text.Append(CultureInfo.InvariantCulture, $"override {(PolicyOverride)kind} {counts[kind]}").AppendLine();
        }

        for (int list = 0; list < view.ListCount; list++)
            text.Append(CultureInfo.InvariantCulture, $"list {list} {view.CountUnguarded(list)}").AppendLine();
        ReadOnlySpan<byte> state = new(view.Lruvec.State, Math.Min(ShownState, view.Definition.Descriptor.StateBytes));
        if (state.Length > 0)
            text.Append("state ").AppendLine(Convert.ToHexString(state));
        try
        {
            view.Definition.Ops.Dump(view, text);
        }
        catch (Exception problem)
        {
            text.Append("its own dump failed: ").AppendLine(problem.Message);
        }

        return text.ToString();
    }
}
