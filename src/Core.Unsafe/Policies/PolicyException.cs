namespace ReclaimNative.Policies;

/// <summary>A policy can't be had as it was asked for; the message is one sentence that says why and what is accepted.</summary>
public sealed class PolicyException(string message) : Exception(message);
