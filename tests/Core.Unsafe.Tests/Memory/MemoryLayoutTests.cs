using System.Globalization;
using System.Text;
using ReclaimNative.Lru;
using ReclaimNative.Machine;
using ReclaimNative.Memory;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Memory;

/// <summary>docs/memory-layout.md says what the code does: its table is computed here from two engines of each form.</summary>
public class MemoryLayoutTests
{
    private const ulong Frames = 1 << 20;

    private static readonly (string Name, ListOrder Order, bool Identity, double Reach)[] Forms =
    [
        ("ordered", ListOrder.Exact, false, 16),
        ("unordered", ListOrder.Unordered, false, 10),
        ("identity, ordered", ListOrder.Exact, true, 12),
        ("identity, unordered", ListOrder.Unordered, true, 4),
    ];

    /// <summary>Columns that are backed by memory only where something uses them.</summary>
    private static readonly string[] UsedBySomeOnly = ["file.", "rmap.", "proposal."];

    [Test]
    public void ThePageSaysWhatTheCodeDoes()
    {
        ComputedPage.Says("memory-layout.md", Table());
    }

    [Test]
    public void EveryFormKeepsWithinItsBound([Range(0, 3)] int form)
    {
        double sum = PerFrame(Forms[form].Order, Forms[form].Identity).Sum(c => c.Value);
        Assert.That(sum, Is.LessThanOrEqualTo(Forms[form].Reach).And.GreaterThan(1));
    }

    /// <summary>Every column that grows with the frames is explained on the page by its name.</summary>
    [Test]
    public void EveryColumnIsExplained()
    {
        string page = ComputedPage.Read("memory-layout.md");
        foreach ((_, ListOrder order, bool identity, _) in Forms)
        {
            foreach (string name in PerFrame(order, identity, idleAge: true).Keys)
            {
                string group = name[..name.IndexOf('.')] + ".*";
                Assert.That(page, Does.Contain($"`{name}`").Or.Contain($"`{group}`"), name);
            }
        }
    }

    private static string Table()
    {
        Dictionary<string, double>[] forms = [.. Forms.Select(f => PerFrame(f.Order, f.Identity))];
        StringBuilder text = new("\n| column | " + string.Join(" | ", Forms.Select(f => f.Name)) + " |\n|---|");
        text.Append(string.Concat(Enumerable.Repeat("---:|", Forms.Length))).Append('\n');
        foreach (string name in forms.SelectMany(f => f.Keys).Distinct())
        {
            IEnumerable<string> cells = forms.Select(f => f.TryGetValue(name, out double bytes) ? Text(bytes) : "");
            text.Append($"| `{name}` | {string.Join(" | ", cells)} |\n");
        }

        text.Append($"| **sum** | {string.Join(" | ", forms.Select(f => "**" + Text(f.Values.Sum()) + "**"))} |\n");
        Dictionary<string, double>[] aged = [.. Forms.Select(f => PerFrame(f.Order, f.Identity, idleAge: true))];
        foreach (string name in aged.SelectMany(f => f.Keys).Distinct().Except(forms.SelectMany(f => f.Keys)))
        {
            IEnumerable<string> cells = aged.Select(f => f.TryGetValue(name, out double bytes) ? Text(bytes) : "");
            text.Append($"| `{name}`, with idle ages | {string.Join(" | ", cells)} |\n");
        }

        text.Append($"| `frame.cookie`, with cookies | {string.Join(" | ", Forms.Select(f => Text(PerFrame(f.Order, f.Identity, cookies: true)["frame.cookie"])))} |\n");
        text.Append($"| sum with idle ages | {string.Join(" | ", aged.Select(f => Text(f.Values.Sum())))} |\n");
        return text.ToString();
    }

    private static string Text(double bytes) => bytes.ToString("0.####", CultureInfo.InvariantCulture);

    /// <summary>Bytes by which each column grows for a frame more: what is the same in both engines does not count.</summary>
    private static Dictionary<string, double> PerFrame(ListOrder order, bool identity, bool idleAge = false, bool cookies = false)
    {
        Dictionary<string, double> small = Bytes(order, identity, idleAge, cookies, Frames);
        Dictionary<string, double> large = Bytes(order, identity, idleAge, cookies, 2 * Frames);
        return large.Keys
            .Where(name => !UsedBySomeOnly.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
            .Select(name => (name, Bytes: Math.Round((large[name] - small[name]) / Frames, 4)))
            .Where(c => c.Bytes > 0)
            .ToDictionary(c => c.name, c => c.Bytes);
    }

    private static Dictionary<string, double> Bytes(ListOrder order, bool identity, bool idleAge, bool cookies, ulong frames)
    {
        using var engine = new Engine(new EngineOptions
        {
            Nodes = [new NodeOptions(frames)],
            Memcgs = 1,
            AddressSpaces = 1,
            Order = order,
            Identity = identity,
            IdleAge = idleAge,
            Cookies = cookies,
            LeafTables = identity ? null : (uint)(frames / 512),
            Policies = [PolicyDefinition.Of<MglruPolicy>()],
        });
        Dictionary<string, double> bytes = [];
        foreach (ColumnCost column in engine.Machine.Columns)
            bytes[column.Name] = bytes.GetValueOrDefault(column.Name) + column.ElementBytes * (double)column.Count;
        return bytes;
    }
}
