using System.Reflection;
using System.Text.RegularExpressions;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Structs;

namespace ReclaimNative.Bindings.Tests;

/// <summary>The library's structs against c/layout.h, whose numbers the C program asserts of the header.</summary>
internal sealed partial class StructLayoutTests
{
    private static readonly string Layout = File.ReadAllText(Path.Combine(Repository.TestSources, "layout.h"));

    private static readonly Type[] Structs =
        [.. typeof(PageStruct).Assembly.GetTypes().Where(t => t.Namespace == typeof(PageStruct).Namespace)];

    [Test]
    public void EveryStructHasTheSizeThatCSees()
    {
        Dictionary<string, int> sizes = Size().Matches(Layout).ToDictionary(m => m.Groups[1].Value, m => int.Parse(m.Groups[2].Value));
        Assert.That(sizes.Keys, Is.EquivalentTo(Structs.Select(CName)));
        foreach (Type type in Structs)
        {
            Assert.That(SizeOf(type), Is.EqualTo(sizes[CName(type)]), CName(type));
            uint first = CName(type) switch
            {
                "reclaim_engine_options_t" => 88,
                "reclaim_request_t" => 56,
                "reclaim_result_t" => 40,
                "reclaim_page_t" => 24,
                "reclaim_address_space_options_t" => 24,
                "reclaim_tally_t" => 56,
                "reclaim_node_state_t" => 48,
                "reclaim_memcg_state_t" => 40,
                _ => (uint)sizes[CName(type)],
            };
            Assert.That(Static(type, nameof(ICallerStruct.FirstSize)), Is.EqualTo(first), "the size before anything was appended");
        }
    }

    [Test]
    public void EveryFieldLiesWhereCSeesIt()
    {
        string[] inC = [.. Field().Matches(Layout).Select(m => $"{m.Groups[1].Value}.{m.Groups[2].Value} at {m.Groups[3].Value}")];
        string[] inLibrary = [.. Structs.SelectMany(FieldsOf)];
        Assert.That(inLibrary, Is.EquivalentTo(inC));
    }

    private static IEnumerable<string> FieldsOf(Type type)
    {
        // Sequential and blittable: the offsets are those of the natural alignment, which Marshal reports.
        foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public))
            yield return $"{CName(type)}.{SnakeCase(field.Name)} at {System.Runtime.InteropServices.Marshal.OffsetOf(type, field.Name)}";
    }

    private static int SizeOf(Type type) => System.Runtime.InteropServices.Marshal.SizeOf(type);

    private static string CName(Type type) => (string)Static(type, nameof(ICallerStruct.CName));

    private static object Static(Type type, string property) => type.GetProperty(property, BindingFlags.Static | BindingFlags.Public)!.GetValue(null)!;

    private static string SnakeCase(string name) => Capital().Replace(name, "_$0").TrimStart('_').ToLowerInvariant();

    [GeneratedRegex(@"^SIZE\((\w+), (\d+)\)", RegexOptions.Multiline)]
    private static partial Regex Size();

    [GeneratedRegex(@"^FIELD\((\w+), (\w+), (\d+)\)", RegexOptions.Multiline)]
    private static partial Regex Field();

    [GeneratedRegex("[A-Z]")]
    private static partial Regex Capital();
}
