namespace ReclaimNative.Lab.Fidelity;

/// <summary>What <c>traces.csv</c> says of a trace.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Pages">Exclusive upper bound of its page numbers.</param>
/// <param name="AnonPages">Pages below this are anonymous, the others belong to one file.</param>
/// <param name="Accesses">How many accesses it has.</param>
/// <param name="Sha256">Digest of the unpacked file, lower-case hexadecimal.</param>
public sealed record TruthTrace(string Name, long Pages, long AnonPages, long Accesses, string Sha256);
