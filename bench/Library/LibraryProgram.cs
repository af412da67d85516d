using System.Globalization;
using ReclaimNative.Bench.Ratios;

namespace ReclaimNative.Bench.Library;

/// <summary>
/// Mark C: what the C library costs, as <c>tests/Bindings.Tests/cost/cost.c</c> measures it. Calls are compared with the empty call of the same
/// run; the rest with the figures to reach.
/// </summary>
internal static class LibraryProgram
{
    private const string EmptyCall = "reclaim_version_number, the empty call";
    private const string TimesTheEmptyCall = "times the empty call";

    /// <summary>The figures to reach, by what cost.c calls what it measures.</summary>
    private static readonly (string What, double Bound)[] Bounds =
    [
        ("first call: runtime and first engine", 5000),
        ("resident memory added by it", 2048),
        ("threads of the process, its own included", 2),
        ("reclaim_address_space_access, 32 hits, a page", 0.6),
    ];

    private const double LargestFile = 3_000_000;

    /// <summary>Returns the exit code: 0, 1 when a build fails, 2 when an option is wrong.</summary>
    public static int Run(string[] args)
    {
        string? json = null;
        string? library = null;
        for (int i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length || args[i] is not ("--json" or "--library"))
            {
                Console.Error.WriteLine($"'{args[i]}' is not an option of library, or has no value; --library DIR and --json FILE are options.");
                return 2;
            }

            if (args[i] == "--json")
                json = args[i + 1];
            else
                library = args[i + 1];
        }

        try
        {
            TextWriter table = json == "-" ? Console.Error : Console.Out;
            var build = new LibraryBuild(library, "library");
            string program = build.Compile("cost", Path.Combine(build.Root, "tests", "Bindings.Tests", "cost"), "-D_POSIX_C_SOURCE=200809L");
            string text = ChildProcess.Run(program);
            table.WriteLine($"{RatioProgram.CpuModel()}, {ChildProcess.Run("gcc", "--version").Split('\n')[0]}");
            table.Write(text);
            Line[] lines = [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Line.Parse)];
            long bytes = new FileInfo(Path.Combine(build.Folder, "libreclaim.so")).Length;
            table.WriteLine(string.Create(CultureInfo.InvariantCulture, $"libreclaim.so has {bytes:N0} bytes"));
            RatioFile.Write(json, [.. Rows(lines), Against("size of libreclaim.so", bytes, LargestFile, "bytes")]);
            return 0;
        }
        catch (InvalidOperationException failed)
        {
            Console.Error.WriteLine(failed.Message);
            return 1;
        }
    }

    private static IEnumerable<RatioRow> Rows(Line[] lines)
    {
        double empty = ValueOf(EmptyCall);
        foreach (Line line in lines.Where(l => l.Unit.EndsWith(TimesTheEmptyCall, StringComparison.Ordinal)))
            yield return new RatioRow("C", $"{line.What}: against the empty call", line.Value, empty, empty / line.Value, "ns/call");
        foreach ((string what, double bound) in Bounds)
            yield return Against(what, ValueOf(what), bound, lines.First(l => l.What == what).Unit);

        double ValueOf(string what) => lines.FirstOrDefault(l => l.What == what)?.Value ?? throw new InvalidOperationException($"cost.c does not measure '{what}'.");
    }

    private static RatioRow Against(string what, double value, double bound, string unit) => new("C", $"{what}: against the figure to reach", value, bound, bound / value, unit);

    /// <summary>A line of cost.c: what was measured, in 58 columns, the value, and its unit.</summary>
    private sealed record Line(string What, double Value, string Unit)
    {
        private const int Column = 58;

        public static Line Parse(string text)
        {
            string[] rest = text.Length > Column ? text[Column..].Trim().Split(' ', 2, StringSplitOptions.TrimEntries) : [];
            return rest.Length > 0 && double.TryParse(rest[0], CultureInfo.InvariantCulture, out double value)
                ? new Line(text[..Column].Trim(), value, rest.Length > 1 ? rest[1] : "")
                : throw new InvalidOperationException($"cost.c printed '{text}'.");
        }
    }
}
