using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Policies;

namespace ReclaimNative.Bindings;

/// <summary>The core's policies by name, with a refusal for what does not exist.</summary>
internal static class PolicyNames
{
    /// <summary>Reads a list such as <c>mglru-bloom,classic</c>.</summary>
    public static PolicyDefinition[] ParseList(string list)
    {
        try
        {
            return [.. PolicyShelf.BuiltIn.ParseList(list).Select(choice => choice.Define())];
        }
        catch (PolicyException problem)
        {
            throw new Refusal(Status.Invalid, $"{char.ToUpperInvariant(problem.Message[0])}{problem.Message[1..]}.");
        }
    }
}
