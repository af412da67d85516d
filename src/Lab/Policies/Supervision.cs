using System.Globalization;
using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Policies;

/// <summary>What is done about policies that misbehave while they are compared: who takes over from them, and who is told.</summary>
public sealed record Supervision
{
    /// <summary>Policies written in C have mglru to take over from them; the others nobody. Nobody watches.</summary>
    public static Supervision Default { get; } = new();

    /// <summary>Who gets the pages of a policy that is ejected, whichever it is; null for mglru after one written in C, and nobody after the others.</summary>
    public PolicyChoice? Fallback { get; init; }

    /// <summary>How long one call of a policy may take before <see cref="Stuck"/> is told; null for no watch.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Told on another thread, in one line, that a call does not return: at the timeout and at twice, four times, ... of it.</summary>
    public Action<string>? Stuck { get; init; }

    /// <summary>Where another process reads which operation is running, or null.</summary>
    public PolicyProgressFile? ProgressFile { get; init; }

    /// <summary>What is said of a call that has not returned for some time.</summary>
    /// <param name="policy">The policy as it was asked for.</param>
    /// <param name="at">Where it is.</param>
    /// <param name="taken">For how long.</param>
    public static string Describe(string policy, PolicyProgress at, TimeSpan taken) =>
        $"policy {policy} has been in {at.Where}, for {Seconds(taken)}";

    /// <summary>A length of time in whole seconds, or in milliseconds below one.</summary>
    public static string Seconds(TimeSpan time) => time.TotalSeconds < 1
        ? $"{Math.Floor(time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)} ms"
        : $"{Math.Floor(time.TotalSeconds).ToString(CultureInfo.InvariantCulture)} s";

    /// <summary>Who takes over from a policy, or null.</summary>
    internal PolicyDefinition? FallbackOf(PolicyChoice policy) => Fallback is not null
        ? Fallback.Define()
        : policy.IsLibrary ? PolicyDefinition.Of<MglruPolicy>() : null;

    /// <summary>Watches an engine until the answer is disposed of; null where nobody watches.</summary>
    internal PolicyWatchdog? Watch(Engine engine, PolicyChoice policy) => Timeout is { } timeout && Stuck is { } stuck
        ? new PolicyWatchdog(() => engine.PoliciesInProgress, timeout, (at, taken) => stuck(Describe(policy.AsAsked, at, taken)))
        : null;

    /// <summary>Why and where a policy was ejected and who has its pages, in a sentence or two; null where it was not.</summary>
    internal static string? EjectionOf(Engine engine, PolicyChoice policy) =>
        engine.PolicyReports.FirstOrDefault(r => r.Policy == policy.Name)?.Ejection is { } ejection
            ? $"{ejection.Message} {(ejection.Fallback == policy.Name ? "The core's caretaker" : ejection.Fallback)} has its pages since."
            : null;
}
