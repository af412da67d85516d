using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Policies;

namespace ReclaimNative.Bindings;

/// <summary>The core's policies by name, with a refusal for what does not exist.</summary>
internal static class PolicyNames
{
    /// <summary>Reads a list such as <c>mglru-bloom,classic</c>, in which the caller's tables can be named like any other.</summary>
    /// <param name="list">The list; null for the tables in their order, or mglru where there are none.</param>
    /// <param name="tables">The tables, <c>reclaim_policy_t</c>.</param>
    public static unsafe PolicyDefinition[] ParseList(string? list, ReadOnlySpan<nint> tables)
    {
        try
        {
            PolicyShelf shelf = PolicyShelf.BuiltIn;
            int known = shelf.All.Count();
            foreach (nint table in tables)
                shelf = shelf.WithTable((void*)table);
            list ??= tables.IsEmpty ? "mglru" : string.Join(',', shelf.All.Skip(known).Select(p => p.Name));
            return [.. shelf.ParseList(list).Select(choice => choice.Define())];
        }
        catch (PolicyException problem)
        {
            throw new Refusal(Status.Invalid, $"{char.ToUpperInvariant(problem.Message[0])}{problem.Message[1..]}.");
        }
    }
}
