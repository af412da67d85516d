using System.Text;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;

namespace ReclaimNative.Control;

/// <summary>
/// An open pressure file: reads averages and totals, and takes one trigger, which ends with it. Source: kernel-reclaim reference 8.3 and 8.4.
/// </summary>
internal sealed class PressureFile : ControlFile
{
    private readonly Engine _engine;
    private readonly Func<string> _read;
    private readonly Func<string, PressureTrigger> _add;
    private PressureTrigger? _trigger;

    /// <summary>The pressure of a cgroup, of the machine for the root.</summary>
    public PressureFile(Engine engine, MemoryCgroup memcg)
    {
        _engine = engine;
        _read = () => engine.ReadMemoryPressure(memcg);
        _add = text => engine.AddPressureTrigger(memcg, text);
    }

    /// <summary>The pressure of a node.</summary>
    public PressureFile(Engine engine, Node node)
    {
        _engine = engine;
        _read = () => engine.ReadMemoryPressure(node);
        _add = text => engine.AddPressureTrigger(node, text);
    }

    public override bool KeepsWrites => true;

    public override string Read()
    {
        CheckSupported();
        return EngineErrors.Translate(_read);
    }

    public override void Write(ReadOnlySpan<byte> text)
    {
        CheckSupported();
        if (_trigger is not null)
            throw new ControlException(ControlError.Busy, $"This open file has a trigger, {_trigger}; one is accepted, and another after opening it once more.");

        // The words that matter are ASCII; other bytes are shown as they are.
        string asked = Encoding.Latin1.GetString(text);
        _trigger = EngineErrors.Translate(() => _add(asked));
    }

    public override bool TakePriorityEvent() => _trigger is not null && _trigger.TakeEvent();

    protected override void Dispose(bool disposing)
    {
        _trigger?.Dispose();
        _trigger = null;
    }

    private void CheckSupported()
    {
        if (!_engine.KeepsPressure)
            throw new ControlException(ControlError.NotSupported, "The engine keeps no pressure stall information; one built with Pressure does.");
    }
}
