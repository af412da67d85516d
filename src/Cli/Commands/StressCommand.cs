using System.CommandLine;
using System.Globalization;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Stress;
using ReclaimNative.Lru;
using ReclaimNative.Policies;
using Spectre.Console;

namespace ReclaimNative.Cli.Commands;

/// <summary><c>reclaim stress</c>: as many pages as memory holds, on several threads.</summary>
internal static class StressCommand
{
    private const double MaxSeconds = 86400;

    public static Command Create()
    {
        Option<string?> pages = new("--pages")
        {
            Description = "pages to keep resident, with commas between and K, M or G for powers of 1024; otherwise 1M, 64M, 1G and the most that memory holds",
            HelpName = "LIST",
        };
        Option<string?> threads = new("--threads")
        {
            Description = $"threads in every phase, 1 to {StressOptions.MaxThreads}; otherwise as many as there are CPUs, or 1 for a policy that runs on one alone",
            HelpName = "N",
        };
        Option<string> policy = new("--policy")
        {
            Description = "one policy, with +switch or -switch ('reclaim policies' lists them)",
            HelpName = "NAME",
            DefaultValueFactory = _ => "mglru",
        };
        Option<string?> fallback = SupervisionOptions.NewFallback();
        Option<string?> order = new("--order")
        {
            Description = "exact keeps the order of lists, unordered takes 6 bytes a page less; otherwise unordered where the policy needs no order",
            HelpName = "HOW",
        };
        Option<string?> vectorBits = new("--vector-bits")
        {
            Description = "widest vectors: 64 (none), 128, 256 or 512; otherwise the widest there are",
            HelpName = "B",
        };
        Option<string> seed = new("--seed") { Description = "seed of the accesses", HelpName = "N", DefaultValueFactory = _ => "1" };
        Option<string> seconds = new("--seconds")
        {
            Description = "length of each phase that goes by the clock; 0 for a small fixed amount of work, which one thread repeats exactly",
            HelpName = "S",
            DefaultValueFactory = _ => "5",
        };
        Option<string?> json = new("--json") { Description = "write reclaim.stress/1 JSON to FILE ('-' = stdout, and nothing else there)", HelpName = "FILE" };
        Command command = new(
            "stress",
            """
            Builds machines as large as memory holds and measures what a page costs on each.

            The machine: two nodes, four memory cgroups, eight address spaces of anonymous memory, just large enough for --pages above the low watermarks. In turn:
              populate   every page is written once, in ascending order;
              access     at random among resident pages: runs of 16 pages, 4 of 5 in a scattered fifth of the 2 MiB tables, the rest anywhere; 1 run in 4 writes;
              scan       the same accesses to one page in 16, then, timed, every cgroup ages (mglru walks its page tables);
              reclaim    proactive requests for 3 % of the pages;
              all        accesses, also to pages that are absent, kswapd, aging and proactive requests at once;
              validate   the engine checks everything it holds.
            Memory grown is what Linux says this process gained by population; columns backed, how much of the engine's tables lies in memory then; columns reserved, how much of them there is for that many pages (exact order reserves 1.25 list positions a page and uses 1 at first).

            Example:
              reclaim stress --pages 1M,64M --threads 2 --json stress.json
            """)
        {
            pages, threads, policy, fallback, order, vectorBits, seed, seconds, json,
        };
        command.SetAction(parsed =>
        {
            string? file = parsed.GetValue(json);
            if (file is not null)
                OutputOptions.CheckFile(file);
            StressOptions options = Options(
                Policy(parsed.GetValue(policy)!), parsed.GetValue(threads), parsed.GetValue(order)) with
            {
                Pages = parsed.GetValue(pages) is { } list ? PageCounts(list) : null,
                VectorBits = parsed.GetValue(vectorBits) is { } bits ? VectorBits(bits) : null,
                Fallback = SupervisionOptions.Fallback(parsed.GetValue(fallback)),
                Seed = Numbers.Seed(parsed.GetValue(seed)!),
                Seconds = Seconds(parsed.GetValue(seconds)!),
            };
            return Run(options, file);
        });
        return command;
    }

    private static int Run(StressOptions options, string? file)
    {
        StressRun run = new(options);
        if (run.Sizes.Count == 0)
            throw new EngineException($"{string.Join("; ", run.LeftOut)}; a smaller --pages needs less");
        (StressResult result, bool interrupted) = ProgressBar.Run(run.TotalSteps, run.Run);
        if (file != ResultFile.StandardOutput)
            StressTable.Write(result, AnsiConsole.Console);
        if (file is not null)
            StressJson.Save(result, file);
        if (result.Rows.FirstOrDefault(r => r.Ejected is not null) is { } ended)
            Console.Error.WriteLine($"reclaim: {ended.Ejected}");
        if (result.Rows.FirstOrDefault(r => r.Problem is not null) is { } broken)
            throw new EngineException($"the engine broke an invariant of its own with {PageCountText.Of(broken.Pages)} pages: {broken.Problem}");
        return interrupted ? ExitCode.Interrupted : ExitCode.Ok;
    }

    private static StressOptions Options(PolicyChoice policy, string? threads, string? order)
    {
        PolicyFlags flags = policy.Descriptor.Flags;
        bool concurrent = (flags & PolicyFlags.Concurrent) != 0;
        bool orderFree = (flags & PolicyFlags.OrderFree) != 0;
        int count = threads is { } given ? Threads(given) : concurrent ? Math.Min(Environment.ProcessorCount, StressOptions.MaxThreads) : 1;
        if (count > 1 && !concurrent)
            throw new UsageException($"--threads {count}: policy '{policy.Name}' runs on one thread; 1 is accepted");
        ListOrder lists = order switch
        {
            null => orderFree ? ListOrder.Unordered : ListOrder.Exact,
            "exact" => ListOrder.Exact,
            "unordered" when !orderFree => throw new UsageException($"--order unordered: policy '{policy.Name}' needs the order of its lists; exact is accepted"),
            "unordered" => ListOrder.Unordered,
            _ => throw new UsageException($"--order '{order}': exact or unordered is accepted"),
        };
        return new StressOptions { Policy = policy, Threads = count, Order = lists };
    }

    private static PolicyChoice Policy(string text)
    {
        if (text.Contains(','))
            throw new UsageException($"--policy '{text}': one policy is accepted; run the command once for each");
        PolicyChoice choice = PolicyCatalog.Shelf.Parse(text);
        return choice.NeedsFuture
            ? throw new UsageException($"policy '{choice.Name}' has to know the accesses in advance, which stress does not; 'reclaim compare' runs it on a trace")
            : choice;
    }

    private static IReadOnlyList<ulong> PageCounts(string list) => [.. list.Split(',').Select(text =>
        PageCountText.TryParse(text.Trim(), out ulong pages) && pages is >= StressOptions.MinPages and <= StressOptions.MaxPages
            ? pages
            : throw new UsageException(
                $"--pages '{text}': counts from {PageCountText.Of(StressOptions.MinPages)} to {StressOptions.MaxPages} are accepted, with commas between, such as 1M,64M"))];

    private static int Threads(string text) =>
        Numbers.Unsigned("--threads", text, $"1 to {StressOptions.MaxThreads}") is var value and >= 1 and <= StressOptions.MaxThreads
            ? (int)value
            : throw new UsageException($"--threads '{text}': 1 to {StressOptions.MaxThreads} is accepted");

    private static int VectorBits(string text) => text is "64" or "128" or "256" or "512"
        ? int.Parse(text, CultureInfo.InvariantCulture)
        : throw new UsageException($"--vector-bits '{text}': 64 (none), 128, 256 or 512 is accepted");

    private static double Seconds(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value is >= 0 and <= MaxSeconds
            ? value
            : throw new UsageException($"--seconds '{text}': a number from 0 to {MaxSeconds} is accepted, such as 5 or 0.5");
}
