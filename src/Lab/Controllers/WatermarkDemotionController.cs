using ReclaimNative.Machine;

namespace ReclaimNative.Lab.Controllers;

/// <summary>
/// Keeps room free on fast nodes: when a node from which pages can be demoted has less than a low share of its frames free, it demotes until a high share is.
/// Nothing is evicted. As kswapd does with its watermarks, but above them, so that tasks and kswapd never have to.
/// </summary>
/// <remarks>
/// After the proactive demotion of tiering daemons: H. Al Maruf et al., "TPP: Transparent Page Placement for CXL-Enabled Tiered-Memory", ASPLOS 2023,
/// where allocation and demotion have watermarks of their own. What differs: no promotion, which the engine does not have.
/// </remarks>
public sealed class WatermarkDemotionController : IController
{
    private readonly Engine _engine;
    private readonly Node[] _upper;
    private readonly double _low;
    private readonly double _high;

    private WatermarkDemotionController(Engine engine, ControllerValues values)
    {
        _engine = engine;
        int lowest = engine.Nodes.Max(n => n.Tier);
        _upper = [.. engine.Nodes.Where(n => n.Tier < lowest)];
        if (_upper.Length == 0)
            throw new ControllerException("controller 'demotion' needs nodes of several tiers to move pages between; all nodes of the scenario are of one");
        PeriodUs = values.Microseconds("interval");
        _low = values["low"] / 100;
        _high = values["high"] / 100;
        if (_low > _high)
            throw new ControllerException($"controller 'demotion': low is above high, {values["low"]} above {values["high"]} per cent; at most high is accepted");
    }

    /// <summary>How it is asked for.</summary>
    public static ControllerDescriptor Descriptor { get; } = new()
    {
        Name = "demotion",
        Summary = "demotes from a node between a low and a high watermark of free frames",
        Parameters =
        [
            new("interval", 1, 0.001, 3600, "seconds from one look to the next"),
            new("low", 10, 0, 100, "per cent of a node's frames: it demotes when fewer are free"),
            new("high", 20, 0, 100, "per cent of a node's frames: it demotes until so many are free"),
        ],
        Aggressiveness = "high",
        Create = (engine, _, values) => new WatermarkDemotionController(engine, values),
    };

    /// <inheritdoc/>
    public long PeriodUs { get; }

    /// <inheritdoc/>
    public void Tick(long nowUs)
    {
        foreach (Node node in _upper)
        {
            if (node.Free >= _low * node.Pages)
                continue;
            long wanted = (long)Math.Ceiling(_high * node.Pages) - node.Free;
            if (wanted > 0)
                _engine.Reclaim(new ReclaimRequest(wanted, Nodes: node) { Mode = ReclaimMode.Demote });
        }
    }
}
