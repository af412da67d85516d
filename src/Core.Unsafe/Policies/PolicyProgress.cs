namespace ReclaimNative.Policies;

/// <summary>An operation of a policy that is running.</summary>
/// <param name="Policy">The policy's name.</param>
/// <param name="Operation">The operation.</param>
/// <param name="Memcg">Path of the cgroup that it runs for.</param>
/// <param name="Node">Number of the node that it runs for.</param>
/// <param name="Call">Number of the operation among those of its thread; one that stays the same does not return.</param>
/// <param name="Thread">Tells the threads of one answer apart: 0 where one thread drives the engine.</param>
public readonly record struct PolicyProgress(string Policy, PolicyOperation Operation, string Memcg, int Node, long Call, int Thread)
{
    /// <summary>Where it is, such as "isolate on /replay, node 0".</summary>
    public string Where => $"{Operation.Word()} on {Memcg}, node {Node}";
}
