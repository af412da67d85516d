using ReclaimNative.Concurrency;
using ReclaimNative.Machine;

namespace ReclaimNative;

public sealed unsafe partial class Engine
{
    /// <summary>
    /// Sets memory.max of a cgroup, the hard limit in pages, <see cref="MemoryCgroup.Unlimited"/> for none, and reclaims down to
    /// it. A charge beyond it reclaims first, and is refused when 17 attempts have freed nothing.
    /// </summary>
    /// <returns>
    /// False when it could not be brought that low: 16 rounds freed nothing, and an <c>oom</c> event was counted. The limit
    /// stands, and the next charge reclaims again.
    /// </returns>
    /// <remarks>Source: kernel-reclaim reference 4.4. Callable from any thread of a concurrent engine.</remarks>
    /// <exception cref="EngineException">The cgroup is the root, or of another engine.</exception>
    public bool SetMax(MemoryCgroup memcg, ulong pages)
    {
        ThrowIfDisposed();
        Own(memcg);
        if (memcg.IsRoot)
            throw new EngineException("The root cgroup has no memory.max; its limit is the machine.");
        using QuiesceGate.Passage call = EnterCall();
        memcg.Max = pages;
        FlushHits();
        if (_drivers.ReclaimDownTo(memcg, pages))
            return true;
        _drivers.CountOom(memcg, null);
        return false;
    }

    /// <summary>
    /// Sets memory.high of a cgroup, the soft limit in pages, <see cref="MemoryCgroup.Unlimited"/> for none, and reclaims down to
    /// it. A charge beyond it is never refused: the task that made it reclaims afterwards, and when that does not bring the
    /// usage down, <see cref="AccessTally.ThrottledMs"/> says how long it is to wait.
    /// </summary>
    /// <returns>False when 16 rounds freed nothing and the usage is still above it. The limit stands.</returns>
    /// <remarks>
    /// The kernel charges 64 pages at a time in advance, and the one fault in 64 that does so answers for all of them. Here
    /// the first charge above the limit answers for itself and for the 63 after it that find it exceeded.
    /// Source: kernel-reclaim reference 4.4. Callable from any thread of a concurrent engine.
    /// </remarks>
    /// <exception cref="EngineException">The cgroup is the root, or of another engine.</exception>
    public bool SetHigh(MemoryCgroup memcg, ulong pages)
    {
        ThrowIfDisposed();
        Own(memcg);
        if (memcg.IsRoot)
            throw new EngineException("The root cgroup has no memory.high; its limit is the machine.");
        using QuiesceGate.Passage call = EnterCall();
        memcg.High = pages;
        if (pages != MemoryCgroup.Unlimited)
            _machine.HasHigh = true;
        FlushHits();
        return _drivers.ReclaimDownTo(memcg, pages);
    }

    /// <summary>
    /// Sets memory.swap.max of a cgroup: how many of its anonymous pages and of those below may be in swap,
    /// <see cref="MemoryCgroup.Unlimited"/> for any number. At the limit they stay in memory. A limit below what is there
    /// already brings nothing back.
    /// </summary>
    /// <remarks>Callable from any thread of a concurrent engine; waits for the calls in flight.</remarks>
    /// <exception cref="EngineException">The cgroup is the root, or of another engine.</exception>
    public void SetSwapMax(MemoryCgroup memcg, ulong pages)
    {
        ThrowIfDisposed();
        using QuiesceGate.Closure change = CloseForChange();
        Own(memcg);
        if (memcg.IsRoot)
            throw new EngineException("The root cgroup has no memory.swap.max; its limit is the machine's swap.");
        memcg.SwapMax = pages;
        if (pages != MemoryCgroup.Unlimited)
            _machine.HasSwapMax = true;
    }

    /// <summary>
    /// Sets memory.min and memory.low of a cgroup in pages: what reclaim from outside never takes, and what it takes only
    /// when nothing else is left. Source: kernel-reclaim reference 4.3.
    /// </summary>
    /// <exception cref="EngineException">The cgroup is the root, or of another engine.</exception>
    public void SetProtection(MemoryCgroup memcg, ulong minPages, ulong lowPages)
    {
        ThrowIfDisposed();
        Own(memcg);
        if (memcg.IsRoot)
            throw new EngineException("The root cgroup can't be protected from itself.");
        memcg.Min = minPages;
        memcg.Low = lowPages;
    }

    /// <summary>Sets the swappiness of a cgroup, 0 to 200.</summary>
    /// <exception cref="EngineException">It is out of range, or the cgroup is of another engine.</exception>
    public void SetSwappiness(MemoryCgroup memcg, int swappiness)
    {
        ThrowIfDisposed();
        if (swappiness is < 0 or > 200)
            throw new EngineException($"Swappiness {swappiness} is out of range; 0 to 200 are accepted.");
        Own(memcg).Swappiness = swappiness;
    }
}
