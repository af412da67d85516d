using ReclaimNative.Lab.Results;

namespace ReclaimNative.Cli.Isolation;

/// <summary>What came of a policy that ran in a process of its own.</summary>
/// <param name="Policy">The policy as it was asked for.</param>
/// <param name="Results">What it measured, or null.</param>
/// <param name="Problem">Why it measured nothing, in one line, or null.</param>
internal sealed record PolicyOutcome(string Policy, ResultSet? Results, string? Problem);
