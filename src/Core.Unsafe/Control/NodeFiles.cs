using System.Globalization;
using ReclaimNative.Machine;

namespace ReclaimNative.Control;

/// <summary><c>/sys/devices/system/node</c>: the nodes and what each says of itself.</summary>
internal static class NodeFiles
{
    private const int LocalDistance = 10;

    public static ControlDirectory Directory(Engine engine, ReclaimRequests requests)
    {
        string all = (engine.Nodes.Count == 1 ? "0" : string.Create(CultureInfo.InvariantCulture, $"0-{engine.Nodes.Count - 1}")) + "\n";
        return ControlDirectory.Of(
            "node",
            [
                ControlFileItem.Reads("has_memory", () => all),
                ControlFileItem.Reads("online", () => all),
                ControlFileItem.Reads("possible", () => all),
                .. Array.ConvertAll<Node, ControlDirectory>([.. engine.Nodes], node => Directory(engine, requests, node)),
            ]);
    }

    private static ControlDirectory Directory(Engine engine, ReclaimRequests requests, Node node)
    {
        var items = new List<ControlItem>
        {
            ControlFileItem.Reads("distance", () => Distances(engine, node)),
            ControlFileItem.Reads("meminfo", () => engine.ReadNodeMeminfo(node)),
            ControlFileItem.Writes("reclaim_request", ControlFileItem.UnlessEmpty(text => requests.Run(RequestText.Parse(text, engine.Memcgs, node)))),
            ControlFileItem.Reads("vmstat", () => engine.ReadNodeVmstat(node)),
        };
        if (engine.Kernel >= KernelVersion.V6_18)
            items.Insert(2, ControlFileItem.Writes("reclaim", ControlFileItem.UnlessEmpty(text => Reclaim(engine, requests, node, text))));
        if (engine.KeepsPressure)
            items.Insert(2, ControlFileItem.Opens("memory_pressure", () => new PressureFile(engine, node)));
        return ControlDirectory.Of(string.Create(CultureInfo.InvariantCulture, $"node{node.Id}"), [.. items]);
    }

    /// <summary>The kernel's file. 6.18 hides whatever is wrong behind EAGAIN (KR 6.6, 15 row 1).</summary>
    private static void Reclaim(Engine engine, ReclaimRequests requests, Node node, ReadOnlySpan<byte> text)
    {
        try
        {
            requests.Run(ReclaimText.Parse(text, engine.Kernel, null, node));
        }
        catch (ControlException problem) when (engine.Kernel == KernelVersion.V6_18 && problem.Error != ControlError.Again)
        {
            throw new ControlException(ControlError.Again, problem.Message);
        }
    }

    /// <summary>Ten for itself and ten more for each number between: the order in which pages are demoted to equal tiers.</summary>
    private static string Distances(Engine engine, Node node) =>
        string.Join(' ', Array.ConvertAll<Node, string>(
            [.. engine.Nodes], n => (LocalDistance * (1 + Math.Abs(n.Id - node.Id))).ToString(CultureInfo.InvariantCulture))) + "\n";
}
