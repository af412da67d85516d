using ReclaimNative.Machine;

namespace ReclaimNative.Policies;

/// <summary>A policy as it was asked for: a name with switches, ready to be defined for an engine.</summary>
public sealed class PolicyChoice
{
    private readonly Func<object?, PolicyDefinition> _define;
    private readonly Mechanism _on;
    private readonly Mechanism _off;

    internal PolicyChoice(
        string name, string asked, bool isLibrary, PolicyDescriptor descriptor, Func<object?, PolicyDefinition> define, Mechanism on, Mechanism off, KernelVersion version)
    {
        Name = name;
        AsAsked = asked;
        IsLibrary = isLibrary;
        Descriptor = descriptor;
        _define = define;
        _on = on;
        _off = off;
        Version = version;
    }

    /// <summary>The name as it was asked for, such as <c>mglru-bloom</c>.</summary>
    public string Name { get; }

    /// <summary>What was asked for, for messages: the name, or for a library its path with the switches, such as <c>./mine.so+walk</c>.</summary>
    public string AsAsked { get; }

    /// <summary>The policy is C code in a library.</summary>
    public bool IsLibrary { get; }

    /// <summary>The Linux asked for after <c>@</c>; it is meant for the policy and for the engine that it runs in.</summary>
    public KernelVersion Version { get; }

    /// <summary>What the policy says of itself.</summary>
    public PolicyDescriptor Descriptor { get; }

    /// <summary>Defines the policy; <paramref name="instance"/> is what its operations find in <see cref="PolicyView.Instance"/>.</summary>
    public PolicyDefinition Define(object? instance = null) => _define(instance).With(Name, _on, _off, Version);
}
