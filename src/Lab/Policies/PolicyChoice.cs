using ReclaimNative.Lab.Results;
using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Policies;

/// <summary>A policy as it was asked for: a name with switches, ready to be defined for one replay.</summary>
public sealed class PolicyChoice
{
    private readonly PolicyCatalog.Entry _entry;
    private readonly Mechanism _on;
    private readonly Mechanism _off;

    internal PolicyChoice(string name, PolicyCatalog.Entry entry, Mechanism on, Mechanism off)
    {
        Name = name;
        _entry = entry;
        _on = on;
        _off = off;
    }

    /// <summary>The name as it was asked for, such as <c>mglru-bloom</c>.</summary>
    public string Name { get; }

    /// <summary>What the policy is told.</summary>
    public Sees Sees => _entry.Descriptor.Sight switch
    {
        PolicySight.Bits => Sees.Bits,
        PolicySight.Accesses => Sees.Accesses,
        _ => Sees.Future,
    };

    /// <summary>Whether the whole trace has to be known in advance.</summary>
    public bool NeedsFuture => _entry.Descriptor.Sight == PolicySight.Future;

    /// <summary>Defines the policy; <paramref name="future"/> is what opt looks into and nobody else.</summary>
    public PolicyDefinition Define(FutureUse? future = null)
    {
        PolicyDefinition definition = _entry.Define(NeedsFuture ? future : null);
        return Name == definition.Name ? definition : definition.With(Name, _on, _off);
    }
}
