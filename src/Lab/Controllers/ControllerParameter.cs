namespace ReclaimNative.Lab.Controllers;

/// <summary>A number that a controller may be given.</summary>
/// <param name="Name">As it is written.</param>
/// <param name="Default">Where nothing is said.</param>
/// <param name="Least">The least that is accepted.</param>
/// <param name="Most">The most that is accepted.</param>
/// <param name="Meaning">What it is, with its unit.</param>
/// <param name="IsWhole">Whole numbers alone are accepted.</param>
public sealed record ControllerParameter(string Name, double Default, double Least, double Most, string Meaning, bool IsWhole = false);
