using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;

namespace ReclaimNative.Lab.Proactive;

/// <summary>
/// This machine's own kernel: a request becomes writes to its <c>nodeN/reclaim</c> or <c>memory.reclaim</c>, and the result is what its
/// counters say. It takes an amount and a swappiness; what else a request may have is refused, never left out.
/// </summary>
/// <remarks>
/// Reclaims for real: pages of running programs are evicted and have to be read back. Needs the rights to write these files, as a rule
/// root's. Counters are the whole machine's (of a cgroup: its own), so another proactive request at the same time is counted too; a kernel
/// before 6.18, which has no counters of its own for them, tells no amounts by class, and then a request is only known to be done or not.
/// Source: kernel-reclaim reference 6 and 7.
/// </remarks>
public sealed class KernelTarget : IReclaimTarget
{
    private const long BytesPerPage = 4096;

    private readonly string _root;

    /// <summary>The kernel whose files are below <paramref name="root"/>, for tests; otherwise <c>/</c>.</summary>
    public KernelTarget(string root = "/") => _root = root;

    /// <summary>Told of each write before it is made: the file, and the text.</summary>
    public Action<string, string>? Announced { get; init; }

    /// <inheritdoc/>
    public RequestReport Carry(RequestSpec request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        ImmutableArray<int> nodes = Check(request);
        string? cgroup = request.Memcg is { } memcg ? PathOf($"sys/fs/cgroup{memcg.TrimEnd('/')}") : null;
        string counters = cgroup is null ? PathOf("proc/vmstat") : $"{cgroup}/memory.stat";
        long began = Stopwatch.GetTimestamp();
        KernelCounters before = KernelCounters.Read(counters);
        string stop = cgroup is not null
            ? Write($"{cgroup}/memory.reclaim", request.Pages, request)
            : WriteToNodes(nodes, request, counters, before, cancellation);
        KernelCounters after = KernelCounters.Read(counters);
        return new RequestReport
        {
            Target = $"the kernel of this machine, {Environment.OSVersion.Version}",
            Request = request,
            Reclaimed = after.Since(before, "pgsteal_proactive") ?? (stop == Words.Of(ReclaimStop.Done) ? request.Pages : 0),
            Demoted = after.Since(before, "pgdemote_proactive"),
            Scanned = after.Since(before, "pgscan_proactive"),
            Elapsed = Stopwatch.GetElapsedTime(began),
            Stop = stop,
        };
    }

    /// <summary>Each node in turn is asked for what those before it have left.</summary>
    private string WriteToNodes(ImmutableArray<int> nodes, RequestSpec request, string counters, KernelCounters before, CancellationToken cancellation)
    {
        string stop = Words.Of(ReclaimStop.Exhausted);
        long done = 0;
        foreach (int node in nodes)
        {
            if (cancellation.IsCancellationRequested)
                return Words.Of(ReclaimStop.Canceled);
            stop = Write(PathOf($"sys/devices/system/node/node{node}/reclaim"), request.Pages - done, request);
            if (stop == Words.Of(ReclaimStop.Done))
                return stop;
            done = KernelCounters.Read(counters).Since(before, "pgsteal_proactive") ?? 0;
            if (done >= request.Pages)
                return Words.Of(ReclaimStop.Done);
        }

        return stop;
    }

    private string Write(string path, long pages, RequestSpec request)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{pages * BytesPerPage}");
        if (RequestJson.SwappinessOf(request) is { } swappiness)
            text += $" swappiness={swappiness}";
        if (!File.Exists(path))
            throw new EngineException($"{path} does not exist: nodeN/reclaim is there from Linux 6.17 on, memory.reclaim of a cgroup from 5.19 on with cgroup v2.");
        Announced?.Invoke(path, text);
        return KernelFile.Write(path, text) switch
        {
            0 => Words.Of(ReclaimStop.Done),
            KernelFile.Again => Words.Of(ReclaimStop.Exhausted),
            KernelFile.Busy => Words.Of(ReclaimStop.Busy),
            KernelFile.Interrupted => Words.Of(ReclaimStop.Canceled),
            KernelFile.Invalid => throw new EngineException($"The kernel refuses '{text}' for {path} (EINVAL): 'swappiness=' is known from 6.9 on, 'max' from 6.16 on."),
            KernelFile.Access or KernelFile.NoPermission or KernelFile.ReadOnly => throw new EngineException($"{path} can't be written by this user; root can, where /sys is writable."),
            int error => throw new EngineException($"Writing '{text}' to {path} failed with errno {error}."),
        };
    }

    private ImmutableArray<int> Check(RequestSpec request)
    {
        string? other = request switch
        {
            { Types: not ReclaimTypes.Any } => "type of pages (a swappiness of max takes anonymous pages alone)",
            { Mode: not ReclaimMode.Auto } => "mode (nodes demote where a lower tier is below them)",
            { MinIdle.Ticks: not 0 } => "least idle time",
            { MaxScanned: not null } => "limit of scanned pages",
            { TimeLimit: not null } => "time limit",
            { IsPreview: true } => "preview",
            _ => null,
        };
        if (other is not null)
            throw new EngineException($"The files of Linux know no {other}; an amount and a swappiness are accepted.");
        if (request.Memcg is { } memcg && (!request.Nodes.IsAll || !memcg.StartsWith('/') || memcg.Split('/').Contains("..")))
        {
            throw new EngineException(request.Nodes.IsAll
                ? $"'{memcg}' is no path of a cgroup; one from the root on is accepted, such as /system.slice."
                : "Linux reclaims from a cgroup on all nodes or from a node for all cgroups; with --memcg, 'all' nodes are accepted.");
        }

        if (request.Memcg is not null)
            return [];
        string online = PathOf("sys/devices/system/node/online");
        string list = File.Exists(online) ? File.ReadAllText(online).Trim() : "0";
        if (!NodeSet.TryParse(list, out NodeSet known))
            throw new EngineException($"{online} has '{list}', which is no list of nodes below {NodeSet.MostNodes}.");
        if (!request.Nodes.IsAll && (request.Nodes.Mask & ~known.Mask) != 0)
            throw new EngineException($"Nodes {request.Nodes} are not all there; this machine has {known}.");
        ulong asked = request.Nodes.IsAll ? known.Mask : request.Nodes.Mask;
        return [.. Enumerable.Range(0, NodeSet.MostNodes).Where(n => (asked >> n & 1) != 0)];
    }

    private string PathOf(string file) => Path.Combine(_root, file);
}
