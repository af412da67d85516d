namespace ReclaimNative.Lab.Fidelity;

/// <summary>The order in which classes of cells are listed.</summary>
internal static class Classes
{
    /// <summary>By policy, then by version as a number: 6.1 before 6.12.</summary>
    internal static (string Policy, Version Version) OrderOf(string name) => (TruthPolicy.NameOf(name), Version.Parse(name.Split('@')[1]));
}
