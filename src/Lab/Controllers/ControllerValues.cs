using System.Collections.Immutable;

namespace ReclaimNative.Lab.Controllers;

/// <summary>The parameters of one controller: those given, and the defaults of the others.</summary>
/// <param name="known">What it may be given.</param>
/// <param name="given">What it was given, by name.</param>
public sealed class ControllerValues(ImmutableArray<ControllerParameter> known, ImmutableDictionary<string, double> given)
{
    /// <summary>The value of a parameter.</summary>
    public double this[string name] => given.TryGetValue(name, out double value) ? value : known.Single(p => p.Name == name).Default;

    /// <summary>The value of a parameter in seconds, as microseconds.</summary>
    public long Microseconds(string name) => (long)(this[name] * 1e6);

    /// <summary>The value of a parameter in MiB, as bytes.</summary>
    public long Bytes(string name) => (long)(this[name] * (1 << 20));
}
