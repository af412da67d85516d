using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using ReclaimNative.Simd;

namespace ReclaimNative.Bench.Ratios;

/// <summary>
/// The side-by-side program: our kernels and C ones in turn, in one process, on one core. Prints a table of each case and
/// writes the ratios.
/// </summary>
internal static partial class RatioProgram
{
    /// <summary>Every mark; a new one is a new class here.</summary>
    private static readonly Func<IRatioCases>[] Marks = [() => new AccessedBitCases(), () => new ScanCases(), () => new BloomCases(), () => new ListCases(), () => new SharedListCases(), () => new PolicyCases()];

    /// <summary>Returns the exit code: 0, 1 when a kernel is wrong or gcc fails, 2 when an option is.</summary>
    public static int Run(string[] args)
    {
        try
        {
            Options options = Options.Parse(args);
            TextWriter table = options.Json == "-" ? Console.Error : Console.Out;
            PinToThisCore();
            using var peers = new PeerLibrary();
            table.WriteLine($"{CpuModel()}, {RuntimeInformation.FrameworkDescription}, width {(int)VectorWidths.Widest}");
            table.WriteLine($"peers: {peers.Compiler}");

            List<RatioRow> rows = [];
            foreach (Func<IRatioCases> make in Marks)
            {
                using IRatioCases cases = make();
                if (options.Marks.Count > 0 && !options.Marks.Contains(cases.Mark))
                    continue;
                foreach (RatioCase one in cases.Cases(peers))
                {
                    if (!one.Name.Contains(options.Case, StringComparison.Ordinal))
                        continue;
                    IReadOnlyList<Standing> standings = Contest.Run(one, options.SecondsPerCase);
                    RatioRow[] concluded = [.. RatioRow.Of(cases.Mark, one, standings)];
                    Print(table, cases.Mark, one, standings, concluded);
                    rows.AddRange(concluded);
                }

                foreach (RatioRow row in cases.OtherRows().Where(r => r.Case.Contains(options.Case, StringComparison.Ordinal)))
                {
                    table.WriteLine();
                    table.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.Mark}  {row.Ratio,5:0.000} {row.Case}: {row.Ours:0.0000} to {row.Peer:0.0000} {row.Unit}"));
                    rows.Add(row);
                }
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

    private static void Print(TextWriter table, string mark, RatioCase one, IReadOnlyList<Standing> standings, RatioRow[] rows)
    {
        table.WriteLine();
        table.WriteLine($"{mark}  {one.Name}, {one.Unit}");
        foreach (Standing s in standings)
            table.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {s.Contestant.Side,-8}{s.Contestant.Name,-28} median {s.Median,9:0.00}   quiet fifth {s.Quiet,9:0.00}   sample {s.SampleMs,6:0.00} ms"));
        foreach (RatioRow row in rows)
            table.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {row.Ratio,5:0.00} {row.Case[(one.Name.Length + 2)..]}"));
    }

    /// <summary>What this machine calls its processor.</summary>
    internal static string CpuModel() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown CPU";

    /// <summary>A thread that moves between cores finds neither its caches nor its branch history.</summary>
    private static unsafe void PinToThisCore()
    {
        int core = CurrentCore();
        if (core is < 0 or >= 1024)
            return;
        ulong* set = stackalloc ulong[16];
        new Span<ulong>(set, 16).Clear();
        set[core / 64] = 1UL << (core & 63);
        if (SetAffinity(0, 128, set) != 0)
            Debug.WriteLine("not pinned");
    }

    [LibraryImport("libc", EntryPoint = "sched_getcpu")]
    private static partial int CurrentCore();

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static unsafe partial int SetAffinity(int thread, nuint bytes, ulong* set);

    /// <summary>What the command line asks for.</summary>
    private sealed record Options(IReadOnlySet<string> Marks, string Case, string? Json, double SecondsPerCase)
    {
        public static Options Parse(string[] args)
        {
            string[] known = [.. RatioProgram.Marks.Select(make =>
            {
                using IRatioCases cases = make();
                return cases.Mark;
            })];
            HashSet<string> marks = [];
            string part = "";
            string? json = null;
            double seconds = 2;
            for (int i = 0; i < args.Length; i += 2)
            {
                if (args[i] is not ("--mark" or "--case" or "--json" or "--seconds-per-case"))
                    throw new FormatException($"'{args[i]}' is not an option of ratios; --mark, --case, --json and --seconds-per-case are.");
                if (i + 1 == args.Length)
                    throw new FormatException($"{args[i]} needs a value.");
                string value = args[i + 1];
                if (args[i] == "--mark")
                {
                    foreach (string mark in value.Split(','))
                        marks.Add(known.Contains(mark) ? mark : throw new FormatException($"'{mark}' is not a mark; {string.Join(", ", known)} are."));
                }
                else if (args[i] == "--case")
                {
                    part = value;
                }
                else if (args[i] == "--json")
                {
                    json = value;
                }
                else if (!double.TryParse(value, CultureInfo.InvariantCulture, out seconds) || !(seconds > 0) || seconds > 3600)
                {
                    throw new FormatException($"'{value}' is not a number of seconds above 0 and up to 3600.");
                }
            }

            return new Options(marks, part, json, seconds);
        }
    }
}
