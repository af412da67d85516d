using System.Diagnostics;
using System.Globalization;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;

namespace ReclaimNative.Bench.Requests;

/// <summary>
/// What requests come to on a warm machine of two tiers with hot and cold cgroups: the amount that was asked for and the amount done, the time
/// allowed and the time taken, and what a preview costs beside the request. Prints a table; medians and worst of all rounds.
/// </summary>
internal static class RequestProgram
{
    private const int Rounds = 31;
    private const ulong PagesEach = 200_000;
    private static readonly string[] Policies = ["classic", "mglru"];

    public static int Run(string[] args)
    {
        if (args.Length > 0)
        {
            Console.Error.WriteLine($"'{args[0]}' is no option; 'requests' takes none.");
            return 2;
        }

        Console.WriteLine($"two tiers of 2^20 pages, 4 cgroups with {4 * PagesEach:N0} pages, {Rounds} rounds of each");
        foreach (string policy in Policies)
        {
            foreach (long pages in (long[])[1, 64, 1000, 10_000, 100_000])
            {
                foreach (ReclaimMode mode in (ReclaimMode[])[ReclaimMode.Demote, ReclaimMode.Evict])
                    Amounts(policy, new ReclaimRequest(pages) { Mode = mode });
            }

            foreach (double milliseconds in (double[])[0.05, 0.2, 1, 5])
                Limits(policy, TimeSpan.FromMilliseconds(milliseconds));
            Previews(policy, 10_000);
        }

        return 0;
    }

    private static void Amounts(string policy, ReclaimRequest request)
    {
        using TieredBench machine = new(policy);
        var beyond = new List<double>();
        for (int round = 0; round < Rounds; round++)
        {
            ReclaimResult result = machine.Engine.Reclaim(request with { Nodes = machine.Top });
            if (result.Stop != ReclaimStop.Done)
                throw new InvalidOperationException($"{policy}: {request.Pages} pages were asked for and {result.Reclaimed} reclaimed ({result.Stop}).");
            beyond.Add(result.Reclaimed - request.Pages);
            machine.Return();
        }

        Print(policy, $"{request.Mode.ToString().ToLowerInvariant()} {request.Pages:N0} pages", "pages beyond", beyond);
    }

    private static void Limits(string policy, TimeSpan limit)
    {
        using TieredBench machine = new(policy);
        var late = new List<double>();
        for (int round = 0; round < Rounds; round++)
        {
            ReclaimResult result = machine.Engine.Reclaim(new ReclaimRequest(long.MaxValue) { Mode = ReclaimMode.Evict, TimeLimit = limit });
            if (result.Stop == ReclaimStop.TimeLimit)
                late.Add((result.Elapsed - limit).TotalMicroseconds);
            machine.Return();
        }

        Print(policy, $"time limit {limit.TotalMicroseconds:N0} us, kept {late.Count} times", "us beyond", late);
    }

    private static void Previews(string policy, long pages)
    {
        using TieredBench machine = new(policy);
        var previews = new List<double>();
        var requests = new List<double>();
        for (int round = 0; round < Rounds; round++)
        {
            var request = new ReclaimRequest(pages) { Mode = ReclaimMode.Evict };
            long began = Stopwatch.GetTimestamp();
            ReclaimResult preview = machine.Engine.Preview(request);
            previews.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            began = Stopwatch.GetTimestamp();
            ReclaimResult result = machine.Engine.Reclaim(request);
            requests.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            if (preview.Reclaimed != result.Reclaimed || preview.Scanned != result.Scanned)
                throw new InvalidOperationException($"{policy}: a preview of {preview.Reclaimed} pages was followed by {result.Reclaimed}.");
            machine.Return();
        }

        Print(policy, $"preview of {pages:N0} pages", "ms", previews);
        Print(policy, $"the same request, {pages:N0} pages", "ms", requests);
    }

    private static void Print(string policy, string what, string unit, List<double> values)
    {
        values.Sort();
        string text = values.Count == 0 ? "none" : string.Create(CultureInfo.InvariantCulture, $"median {values[values.Count / 2],8:0.##}   worst {values[^1],8:0.##}");
        Console.WriteLine($"{policy,-8} {what,-36} {unit,-13} {text}");
    }

    /// <summary>A fast node over a slow one; half of the cgroups use their pages between two requests, the others do not.</summary>
    private sealed class TieredBench : IDisposable
    {
        private readonly AddressSpace[] _spaces;
        private readonly uint[] _all = [.. Enumerable.Range(0, (int)PagesEach).Select(p => (uint)p)];

        public TieredBench(string policy)
        {
            Engine = new Engine(new EngineOptions
            {
                Nodes = [new NodeOptions(1 << 20), new NodeOptions(1 << 20, 1)],
                Demotion = true,
                Policies = [PolicyShelf.BuiltIn.Parse(policy).Define()],
            });
            _spaces = [.. Enumerable.Range(0, 4).Select(i => Engine.CreateAddressSpace($"s{i}", PagesEach, Engine.CreateMemcg($"m{i}")))];
            foreach (AddressSpace space in _spaces)
                Touch(space);
            Engine.Reclaim(new ReclaimRequest(50_000) { Mode = ReclaimMode.Evict });
            Return();
        }

        public Engine Engine { get; }

        public NodeSet Top => Engine.Nodes[0];

        /// <summary>What was evicted comes back, and what was demoted is given up and comes back to the fast node.</summary>
        public void Return()
        {
            foreach (AddressSpace space in _spaces)
            {
                Engine.Discard(space, PagesEach / 2, PagesEach);
                Touch(space);
            }

            Engine.NowMs += 1000;
        }

        public void Dispose() => Engine.Dispose();

        private void Touch(AddressSpace space)
        {
            AccessTally tally = default;
            Engine.Access(space, _all, ref tally);
        }
    }
}
