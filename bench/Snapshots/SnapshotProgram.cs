using System.Diagnostics;
using System.Globalization;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;

namespace ReclaimNative.Bench.Snapshots;

/// <summary>
/// What it takes to save, restore and fork an engine whose memory is full: to and from memory, so that no disk is measured. Bytes are those of
/// the snapshot, which leaves zeroes out; medians and worst of all rounds.
/// </summary>
internal static class SnapshotProgram
{
    private const int Rounds = 5;

    public static int Run(string[] args)
    {
        if (args.Length > 0)
        {
            Console.Error.WriteLine($"'{args[0]}' is no option; 'snapshots' takes none.");
            return 2;
        }

        foreach (ulong pages in (ulong[])[1 << 20, 1 << 24])
        {
            foreach (string policy in (string[])["mglru", "classic"])
                Measure(policy, pages);
        }

        return 0;
    }

    private static void Measure(string policy, ulong pages)
    {
        using Engine engine = Full(policy, pages);
        using var bytes = new MemoryStream();
        engine.Save(bytes);
        var saves = new List<double>();
        var restores = new List<double>();
        var forks = new List<double>();
        for (int round = 0; round < Rounds; round++)
        {
            bytes.Position = 0;
            saves.Add(Time(() => engine.Save(bytes)));
            bytes.Position = 0;
            Engine? copy = null;
            restores.Add(Time(() => copy = Engine.Restore(bytes)));
            copy!.Dispose();
            forks.Add(Time(() => copy = engine.Fork()));
            copy.Dispose();
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{policy}, {pages >> 20}M pages: {bytes.Length >> 20} MiB, {(double)bytes.Length / pages:0.0} bytes a page"));
        Print("save", saves, bytes.Length);
        Print("restore", restores, bytes.Length);
        Print("fork", forks, bytes.Length);
    }

    private static Engine Full(string policy, ulong pages)
    {
        var engine = new Engine(new EngineOptions { Nodes = [new NodeOptions(pages)], Policies = [PolicyShelf.BuiltIn.Parse(policy).Define()] });
        AddressSpace space = engine.CreateAddressSpace("s", pages, engine.CreateMemcg("m"));
        var words = new uint[1 << 16];
        AccessTally tally = default;
        for (ulong first = 0; first < pages * 15 / 16; first += (ulong)words.Length)
        {
            for (int i = 0; i < words.Length; i++)
                words[i] = (uint)first + (uint)i;
            engine.Access(space, words, ref tally);
        }

        engine.Reclaim(new ReclaimRequest((long)pages / 8));
        return engine;
    }

    private static double Time(Action act)
    {
        long began = Stopwatch.GetTimestamp();
        act();
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    private static void Print(string what, List<double> milliseconds, long bytes)
    {
        milliseconds.Sort();
        double median = milliseconds[milliseconds.Count / 2];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"  {what,-8} median {median,8:0.0} ms   {bytes / median / 1e6,6:0.00} GB/s   worst {milliseconds[^1],8:0.0} ms"));
    }
}
