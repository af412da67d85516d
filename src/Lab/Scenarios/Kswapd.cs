using ReclaimNative.Machine;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>The kswapds of a machine, which have CPUs of their own: they are done before the next turn.</summary>
internal static class Kswapd
{
    /// <summary>Runs those that are wanted.</summary>
    public static void RunWhereWanted(Engine engine)
    {
        foreach (Node node in engine.Nodes)
        {
            if (node.KswapdWanted)
                engine.RunKswapd(node);
        }
    }
}
