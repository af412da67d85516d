using System.Globalization;
using ReclaimNative.Bench.Library;
using ReclaimNative.Bench.Ratios;

namespace ReclaimNative.Bench.Consumers;

/// <summary>
/// A program that uses the C library as a buffer pool does, <c>kv/kv.c</c>, beside a plain LRU of its own. Publishes the library, builds the
/// program with gcc, prints what it measured and writes the ratios.
/// </summary>
internal static class ConsumerProgram
{
    /// <summary>What a miss is taken to cost beside the CPU time: about one read of 4 KiB from an NVMe drive.</summary>
    private const double MissMicroseconds = 80;

    private static readonly string[] Policies = ["lru", "clock", "sieve", "s3fifo", "arc", "classic", "mglru"];

    /// <summary>Returns the exit code: 0, 1 when a build fails or the program is wrong, 2 when an option is.</summary>
    public static int Run(string[] args)
    {
        try
        {
            Options options = Options.Parse(args);
            TextWriter table = options.Json == "-" ? Console.Error : Console.Out;
            var build = new LibraryBuild(options.Library, "consumers");
            string program = build.Compile("kv", Path.Combine(build.Root, "bench", "Consumers", "kv"));
            table.WriteLine($"{RatioProgram.CpuModel()}, {ChildProcess.Run("gcc", "--version").Split('\n')[0]}");
            table.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{options.Leaves:N0} leaf pages, {options.Operations:N0} operations of which the second half is measured, medians of {options.Rounds} rounds"));
            List<RatioRow> rows = [];
            foreach (int percent in options.Pools)
            {
                Standing[] standings = [.. ChildProcess
                    .Run(program, [$"{options.Leaves}", $"{options.Operations}", $"{options.Rounds}", $"{percent}", .. options.Policies])
                    .Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(Standing.Parse)];
                Print(table, percent, standings);
                foreach (Standing ours in standings.Where(s => s.Form != "plain"))
                    rows.AddRange(Concluded(percent, ours, PeerOf(ours, standings)));
            }

            RatioFile.Write(options.Json, rows);
            return 0;
        }
        catch (FormatException refused)
        {
            Console.Error.WriteLine(refused.Message);
            return 2;
        }
        catch (InvalidOperationException failed)
        {
            Console.Error.WriteLine(failed.Message);
            return 1;
        }
    }

    /// <summary>The plain LRU that frees as many frames at a time.</summary>
    /// <exception cref="InvalidOperationException">The library's exact LRU does not have the hits and writes of the plain one.</exception>
    private static Standing PeerOf(Standing ours, Standing[] standings)
    {
        Standing plain = standings.Single(s => s.Form == "plain" && s.Evict == ours.Evict);
        if (ours.Policy == "lru" && (ours.Hits, ours.Writes) != (plain.Hits, plain.Writes))
            throw new InvalidOperationException($"{ours.Name} has {ours.Hits} hits and {ours.Writes} writes; {plain.Name} has {plain.Hits} and {plain.Writes}.");
        return plain;
    }

    private static void Print(TextWriter table, int percent, Standing[] standings)
    {
        table.WriteLine();
        table.WriteLine($"pool {percent} %{"",-20} hits %  misses/op  writes/op   CPU ns/op   least    most  to plain  us/op with {MissMicroseconds} us a miss");
        foreach (Standing s in standings)
        {
            Standing plain = PeerOf(s, standings);
            double all = (s.Nanoseconds / 1000) + (s.MissesAnOperation * MissMicroseconds);
            table.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{s.Name,-29}{s.HitPercent,6:0.00}{s.MissesAnOperation,11:0.0000}{s.WritesAnOperation,11:0.0000}{s.Nanoseconds,12:0.0}{s.Least,8:0.0}{s.Most,8:0.0}{s.Nanoseconds / plain.Nanoseconds,10:0.00}{all,10:0.00}"));
        }
    }

    private static IEnumerable<RatioRow> Concluded(int percent, Standing ours, Standing plain)
    {
        string what = $"key-value pool of {percent} %, {ours.Name}: against {plain.Name}";
        yield return new RatioRow("C", what, ours.Nanoseconds, plain.Nanoseconds, plain.Nanoseconds / ours.Nanoseconds, "ns/operation");
        yield return new RatioRow("C", what, ours.MissesAnOperation, plain.MissesAnOperation, plain.MissesAnOperation / ours.MissesAnOperation, "misses/operation");
    }

    /// <summary>What the command line asks for.</summary>
    private sealed record Options(int Leaves, int Operations, int Rounds, int[] Pools, string[] Policies, string? Library, string? Json)
    {
        public static Options Parse(string[] args)
        {
            var options = new Options(200_000, 1_000_000, 5, [10, 25], ConsumerProgram.Policies, null, null);
            for (int i = 0; i < args.Length; i += 2)
            {
                string value = i + 1 < args.Length ? args[i + 1] : throw new FormatException($"{args[i]} needs a value.");
                options = args[i] switch
                {
                    "--leaves" => options with { Leaves = Number(value) },
                    "--operations" => options with { Operations = Number(value) },
                    "--rounds" => options with { Rounds = Number(value) },
                    "--pool" => options with { Pools = [.. value.Split(',').Select(Number)] },
                    "--policy" => options with { Policies = value.Split(',') },
                    "--library" => options with { Library = value },
                    "--json" => options with { Json = value },
                    _ => throw new FormatException($"'{args[i]}' is not an option of consumers; --leaves, --operations, --rounds, --pool, --policy, --library and --json are."),
                };
            }

            return options;
        }

        private static int Number(string text) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : throw new FormatException($"'{text}' is not a whole number.");
    }
}
