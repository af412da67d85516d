using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using ReclaimNative.Frames;
using ReclaimNative.Observe;
using ReclaimNative.Policies;

namespace ReclaimNative.Tests.Policies.Foreign;

/// <summary>reclaim_policy.h: it compiles as what C and C++ programs are, and it says what the engine does.</summary>
public partial class PolicyHeaderTests
{
    private static readonly (Type Type, string Name)[] Structs =
    [
        (typeof(ForeignScan), "reclaim_scan_t"),
        (typeof(ForeignBudget), "reclaim_budget_t"),
        (typeof(ForeignBatch), "reclaim_batch_t"),
        (typeof(ForeignReferences), "reclaim_references_t"),
        (typeof(ForeignShadow), "reclaim_shadow_t"),
        (typeof(ForeignSizes), "reclaim_sizes_t"),
        (typeof(ForeignWalked), "reclaim_walked_t"),
        (typeof(ForeignLruvec), "reclaim_lruvec_t"),
        (typeof(ForeignPolicyTable), "reclaim_policy_t"),
        (typeof(ForeignHelperTable), "reclaim_helpers_t"),
    ];

    private static readonly (string Name, object Value)[] Constants =
    [
        ("RECLAIM_SEES_ACCESSES", PolicyFlags.SeesAccesses),
        ("RECLAIM_CLEAR_ON_PLACE", PolicyFlags.ClearOnPlace),
        ("RECLAIM_IGNORES_REFERENCES", PolicyFlags.IgnoresReferences),
        ("RECLAIM_CONCURRENT", PolicyFlags.Concurrent),
        ("RECLAIM_ORDER_FREE", PolicyFlags.OrderFree),
        ("RECLAIM_MEMCG_LRU", PolicyFlags.MemcgLru),
        ("RECLAIM_SEES_ARRIVALS", PolicyFlags.SeesArrivals),
        ("RECLAIM_SIGHT_BITS", PolicySight.Bits),
        ("RECLAIM_SIGHT_ACCESSES", PolicySight.Accesses),
        ("RECLAIM_USES_WALK", Mechanism.Walk),
        ("RECLAIM_USES_BLOOM", Mechanism.Bloom),
        ("RECLAIM_USES_LOOKAROUND", Mechanism.Lookaround),
        ("RECLAIM_USES_REFAULT", Mechanism.Refault),
        ("RECLAIM_FOLIO_LRU", FolioFlags.Lru),
        ("RECLAIM_FOLIO_ISOLATED", FolioFlags.Isolated),
        ("RECLAIM_FOLIO_SWAPBACKED", FolioFlags.SwapBacked),
        ("RECLAIM_FOLIO_ACTIVE", FolioFlags.Active),
        ("RECLAIM_FOLIO_REFERENCED", FolioFlags.Referenced),
        ("RECLAIM_FOLIO_WORKINGSET", FolioFlags.Workingset),
        ("RECLAIM_FOLIO_DIRTY", FolioFlags.Dirty),
        ("RECLAIM_FOLIO_WRITEBACK", FolioFlags.Writeback),
        ("RECLAIM_FOLIO_RECLAIM", FolioFlags.Reclaim),
        ("RECLAIM_FOLIO_PINNED", FolioFlags.Pinned),
        ("RECLAIM_FOLIO_YOUNG", FolioFlags.Young),
        ("RECLAIM_FOLIO_GENERATION", FolioFlags.GenerationMask),
        ("RECLAIM_FOLIO_REFS", FolioFlags.RefsMask),
        ("RECLAIM_TYPE_ANON", FolioType.Anon),
        ("RECLAIM_TYPE_FILE", FolioType.File),
        ("RECLAIM_BY_DIRECT", Reclaimer.Direct),
        ("RECLAIM_BY_KSWAPD", Reclaimer.Kswapd),
        ("RECLAIM_BY_PROACTIVE", Reclaimer.Proactive),
        ("RECLAIM_FOR_EVICTION", Disposition.Shrink),
        ("RECLAIM_FOR_AGING", Disposition.Deactivate),
        ("RECLAIM_HINT_HEAD", PlaceHint.Head),
        ("RECLAIM_HINT_TAIL", PlaceHint.Tail),
        ("RECLAIM_REMOVED_EVICTED", RemoveReason.Evicted),
        ("RECLAIM_REMOVED_FREED", RemoveReason.Freed),
        ("RECLAIM_REMOVED_MIGRATED", RemoveReason.Migrated),
        ("RECLAIM_REMOVED_REBOUND", RemoveReason.Rebound),
        ("RECLAIM_EVENT_FAULT", FolioEvent.NewByFault),
        ("RECLAIM_EVENT_READ", FolioEvent.NewByRead),
        ("RECLAIM_EVENT_DESCRIPTOR", FolioEvent.DescriptorAccess),
        ("RECLAIM_YOUNG_WALK", YoungSource.Walk),
        ("RECLAIM_YOUNG_LOOKAROUND", YoungSource.Lookaround),
        ("RECLAIM_VERDICT_EVICT", Verdict.Reclaim),
        ("RECLAIM_VERDICT_EVICT_CLEAN", Verdict.ReclaimClean),
        ("RECLAIM_VERDICT_KEEP", Verdict.Keep),
        ("RECLAIM_VERDICT_ACTIVATE", Verdict.Activate),
        ("RECLAIM_VISIT_PARTIAL", VisitOutcome.Partial),
        ("RECLAIM_VISIT_DONE", VisitOutcome.Done),
        ("RECLAIM_SCAN_MAY_SWAP", ForeignScan.MaySwap),
        ("RECLAIM_SCAN_BACKGROUND", ForeignScan.Background),
        ("RECLAIM_SCAN_NO_CACHE_TRIM", ForeignScan.NoCacheTrim),
        ("RECLAIM_SCAN_ROOT", ForeignScan.Root),
        ("RECLAIM_SCAN_CGROUP", ForeignScan.Cgroup),
        ("RECLAIM_MARK_CACHE_TRIM", ForeignScan.CacheTrim),
        ("RECLAIM_MARK_FORCE_DEACTIVATE", ForeignScan.ForceDeactivate),
        ("RECLAIM_MARK_SKIPPED_DEACTIVATE", ForeignScan.SkippedDeactivate),
        ("RECLAIM_MARK_IGNORE_LOW", ForeignScan.IgnoreLow),
        ("RECLAIM_MARK_LOW_SKIPPED", ForeignScan.LowSkipped),
        ("RECLAIM_NONE", PolicyView.None),
        ("RECLAIM_BATCH_MAX", FolioBatch.Capacity),
        ("RECLAIM_POLICY_ABI", ForeignPolicyTable.CurrentAbi),
    ];

    [TestCase("c99", "c")]
    [TestCase("c11", "c")]
    [TestCase("c++11", "cpp")]
    [TestCase("c++17", "cpp")]
    public void ItCompilesWithoutAWarning(string standard, string language)
    {
        string cpp = language == "cpp" ? "static reclaim_policy_t table;\n" : "static const reclaim_policy_t table = { .name = \"x\" };\n";
        string source = $"#include \"reclaim_policy.h\"\n#include \"reclaim.h\"\n{cpp}const reclaim_policy_t *reclaim_policy(void) {{ return &table; }}\n";
        Assert.That(() => CCompiler.Compile("header_" + standard.Replace('+', 'p'), source, language, "-std=" + standard, "-fsyntax-only"), Throws.Nothing);
    }

    [Test]
    public void EveryStructLiesWhereTheEngineHasIt()
    {
        var source = new StringBuilder("#include <stddef.h>\n#include \"reclaim_policy.h\"\n");
        foreach ((Type type, string name) in Structs)
        {
            source.Append($"_Static_assert(sizeof({name}) == {Marshal.SizeOf(type)}, \"{name}\");\n");
            foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public))
            {
                string inC = SnakeCase(field.Name) is "continue" ? "continue_" : SnakeCase(field.Name);
                source.Append($"_Static_assert(offsetof({name}, {inC}) == {Marshal.OffsetOf(type, field.Name)}, \"{name}.{inC}\");\n");
            }
        }

        source.Append("_Static_assert(sizeof(reclaim_list_t) == 16 && offsetof(reclaim_list_t, count) == 8, \"list\");\n");
        source.Append("_Static_assert(sizeof(reclaim_order_t) == 16 && sizeof(reclaim_order_link_t) == 12, \"order\");\n");
        Assert.That(() => CCompiler.Compile("layout", source.ToString(), "c", "-std=c11", "-fsyntax-only"), Throws.Nothing);
    }

    [Test]
    public void EveryConstantIsTheEngines()
    {
        var source = new StringBuilder("#include \"reclaim_policy.h\"\n");
        foreach ((string name, object value) in Constants)
            source.Append($"_Static_assert({name} == {Convert.ToInt64(value)}, \"{name}\");\n");
        Assert.That(() => CCompiler.Compile("constants", source.ToString(), "c", "-std=c11", "-fsyntax-only"), Throws.Nothing);
    }

    [Test]
    public void EveryOperationSaysWhatItDoesWhenItIsEmpty()
    {
        string header = File.ReadAllText(Path.Combine(CCompiler.Root, "src", "Bindings", "include", "reclaim_policy.h"));
        string table = header[header.IndexOf("typedef struct reclaim_policy {", StringComparison.Ordinal)..header.IndexOf("} reclaim_policy_t;", StringComparison.Ordinal)];
        string[] silent = [.. Operation().Matches(table).Where(m => !m.Groups["comment"].Value.Contains("Empty:")).Select(m => m.Groups["name"].Value)];
        Assert.That(silent, Is.Empty);
        Assert.That(Operation().Matches(table), Has.Count.EqualTo(typeof(ForeignPolicyTable).GetFields().Count(f => f.FieldType.IsFunctionPointer)));
    }

    private static string SnakeCase(string name) => Capital().Replace(name, "_$0").TrimStart('_').ToLowerInvariant();

    [GeneratedRegex("[A-Z]")]
    private static partial Regex Capital();

    [GeneratedRegex(@"/\*(?<comment>(?:(?!\*/)[\s\S])*)\*/\n    \w+ \(\*(?<name>\w+)\)\(")]
    private static partial Regex Operation();
}
