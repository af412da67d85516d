using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Policies;

namespace ReclaimNative.Bindings;

/// <summary>Policies by name, the core's and the caller's, with a refusal for what does not exist.</summary>
internal static class PolicyNames
{
    /// <summary>The core's policies and the caller's tables, <c>reclaim_policy_t</c>, which can be named like any other.</summary>
    public static unsafe PolicyShelf ShelfWith(ReadOnlySpan<nint> tables)
    {
        try
        {
            PolicyShelf shelf = PolicyShelf.BuiltIn;
            foreach (nint table in tables)
                shelf = shelf.WithTable((void*)table);
            return shelf;
        }
        catch (PolicyException problem)
        {
            throw Refused(problem);
        }
    }

    /// <summary>Reads a list such as <c>mglru-bloom,classic</c>; null for the caller's tables in their order, or mglru where there are none.</summary>
    public static PolicyDefinition[] ParseList(PolicyShelf shelf, string? list)
    {
        if (list is null)
        {
            string tables = string.Join(',', NamesOfTables(shelf));
            list = tables.Length == 0 ? "mglru" : tables;
        }

        try
        {
            return Array.ConvertAll<PolicyChoice, PolicyDefinition>([.. shelf.ParseList(list)], choice => choice.Define());
        }
        catch (PolicyException problem)
        {
            throw Refused(problem);
        }
    }

    /// <summary>Reads one policy.</summary>
    public static PolicyDefinition Parse(PolicyShelf shelf, string text)
    {
        try
        {
            return shelf.Parse(text).Define();
        }
        catch (PolicyException problem)
        {
            throw Refused(problem);
        }
    }

    /// <summary>The caller's tables as policies.</summary>
    public static PolicyDefinition[] TablesOf(PolicyShelf shelf) => Array.ConvertAll(NamesOfTables(shelf), name => Parse(shelf, name));

    private static string[] NamesOfTables(PolicyShelf shelf)
    {
        PolicyDescriptor[] all = [.. shelf.All];
        return Array.ConvertAll(all[PolicyShelf.BuiltIn.All.Count..], p => p.Name);
    }

    /// <summary>What is wrong with a policy, for C.</summary>
    public static Refusal Refused(PolicyException problem, int status = Status.Invalid) => new(status, $"{char.ToUpperInvariant(problem.Message[0])}{problem.Message[1..]}.");
}
