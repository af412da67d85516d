using System.Collections;
using System.Reflection;
using ReclaimNative.Concurrency;
using ReclaimNative.Memory;
using ReclaimNative.Policies;

namespace ReclaimNative.Tests.Model;

/// <summary>
/// Everything that an engine is made of, in a list of lines: every column by the hash of its bytes, and every field of every object that it
/// reaches, whatever it is called. What a field that was forgotten says is therefore not forgotten here.
/// </summary>
internal static class EngineDigest
{
    /// <summary>What is no state of the machine: what a thread is doing inside a policy, what is only looked up faster, and the number of the engine.</summary>
    private static readonly string[] Exempt = ["_lastHit", "_used", "_fuel", "_taken", "_nowhere", "_onlyCall", "_clock", "_gate", "_pressure", "_here", "<Number>k__BackingField"];

    private static readonly Type[] ExemptTypes = [typeof(PolicyCall), typeof(QuiesceGate), typeof(PolicyDefinition), typeof(ReclaimRun)];

    /// <summary>What a copy does not have in common with its engine: who looks on, and the vectors that it uses.</summary>
    private static readonly string[] ExemptOfCopies =
        ["_triggers", "_nextCheckUs", "_backing", "<Backing>k__BackingField", "<VectorBits>k__BackingField", "<VectorWidth>k__BackingField", "_width", "_asksOwner"];

    public static IReadOnlyList<string> Of(Engine engine) => Of(engine, Exempt);

    /// <summary>The same of an engine that is compared with a copy, pressure included.</summary>
    public static IReadOnlyList<string> OfCopy(Engine engine) => Of(engine, [.. Exempt.Except(["_pressure"]), .. ExemptOfCopies]);

    private static List<string> Of(Engine engine, string[] exempt)
    {
        var lines = new List<string>();
        Visit(engine, "engine", lines, new HashSet<object>(ReferenceEqualityComparer.Instance), exempt);
        return lines;
    }

    private static void Visit(object? value, string path, List<string> lines, HashSet<object> seen, string[] exempt)
    {
        switch (value)
        {
            case null:
                lines.Add($"{path} null");
                return;
            case string or decimal or Type or Delegate or Pointer:
                return;
            case ColumnStore store:
                for (int i = 0; i < store.Costs.Count; i++)
                {
                    if (store.Costs[i].Name != QuiesceGate.ColumnName)
                        lines.Add($"{store.Costs[i].Name} {HashOf(store, i):x}");
                }

                return;
        }

        Type type = value.GetType();
        if (type.IsPrimitive || type.IsEnum)
        {
            lines.Add($"{path} {value}");
            return;
        }

        if (ExemptTypes.Contains(type) || (!type.IsValueType && !seen.Add(value)))
            return;
        if (value is IEnumerable all and (Array or IList))
        {
            int at = 0;
            foreach (object? element in all)
                Visit(element, $"{path}[{at++}]", lines, seen, exempt);
            return;
        }

        if (type.Namespace?.StartsWith("ReclaimNative", StringComparison.Ordinal) != true)
            return;
        for (Type? declaring = type; declaring is not null; declaring = declaring.BaseType)
        {
            foreach (FieldInfo field in declaring.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                if (!field.FieldType.IsPointer && !field.FieldType.IsFunctionPointer && !exempt.Contains(field.Name))
                    Visit(field.GetValue(value), $"{path}.{field.Name}", lines, seen, exempt);
            }
        }
    }

    private static unsafe ulong HashOf(ColumnStore store, int column)
    {
        Column<byte> bytes = store.BytesOf(column);
        ulong hash = 14695981039346656037;
        foreach (byte b in new ReadOnlySpan<byte>(bytes.Pointer, (int)bytes.Length))
            hash = unchecked((hash ^ b) * 1099511628211);
        return hash;
    }
}
