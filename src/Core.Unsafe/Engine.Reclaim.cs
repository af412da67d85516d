using ReclaimNative.Concurrency;
using ReclaimNative.Machine;

namespace ReclaimNative;

public sealed unsafe partial class Engine
{
    /// <summary>Carries out a proactive request.</summary>
    /// <returns>What became of it: fewer pages than asked when no more could be reclaimed or a limit came first.</returns>
    /// <exception cref="EngineException">The request is out of range, or can't be carried out by this engine. Nothing was reclaimed.</exception>
    public ReclaimResult Reclaim(ReclaimRequest request)
    {
        ThrowIfDisposed();
        ArgumentNullException.ThrowIfNull(request);
        if (request.Pages < 1)
            throw new EngineException($"A request for {request.Pages} pages makes no sense; at least 1 is accepted.");
        if (request.Swappiness is < 0 or > ReclaimRequest.AnonOnly)
            throw new EngineException($"Swappiness {request.Swappiness} is out of range; a request takes 0 to 200, or {ReclaimRequest.AnonOnly} for anonymous pages alone.");
        using QuiesceGate.Passage call = EnterCall();
        FlushHits();
        Node[] nodes = [.. _machine.Nodes.Where(request.Nodes.Contains)];
        MemoryCgroup? target = request.Memcg is null ? null : Own(request.Memcg);
        long done = _drivers.ReclaimProactively(target, request.Pages, request.Swappiness, nodes);
        return new ReclaimResult
        {
            Request = request,
            Nodes = [new NodeReclaim(nodes[0], done, 0, 0, 0, 0)],
            Skipped = new Dictionary<ReclaimSkip, long>(),
            Stop = done >= request.Pages ? ReclaimStop.Done : ReclaimStop.Exhausted,
        };
    }

    /// <summary>Scans accessed bits once for idle ages.</summary>
    public void ScanIdleAges() => throw new NotImplementedException();
}
