using System.Buffers.Binary;
using System.Security.Cryptography;

namespace ReclaimNative.Lab.Tests.Fidelity;

/// <summary>A small kernel-truth directory: one trace of 64 pages, half of them a file's, that is gone after the test.</summary>
internal sealed class TruthDirectory : IDisposable
{
    internal const string Kernel61 = "6.1.0-56-cloud-amd64";
    internal const string Kernel618 = "6.18.15+deb13-cloud-amd64";
    internal const string SummaryHeader =
        "trace,limit_pages,file_mode,swappiness,kernel,policy,runs,misses_min,misses_median,misses_max,resident_mean,sim_lru";
    internal const string ResultsHeader =
        "trace,kernel,policy,file_mode,swappiness,limit_pages,resident_pages_observed,pgscan,pgactivate,pgrefill,workingset_refault_anon,workingset_refault_file,run";
    internal const string TracesHeader = "trace,pages,anon_pages,accesses,sha256";

    private const int Pages = 64;
    private const int Anon = 32;

    private static readonly byte[] Bytes = Cycle();

    public TruthDirectory()
    {
        Directory.CreateDirectory(In("traces"));
        File.WriteAllBytes(In("traces/cycle.bin"), Bytes);
        Write("traces/traces.csv", TracesHeader, $"cycle,{Pages},{Anon},{Bytes.Length / sizeof(uint)},{Digest}");
        Write(
            "summary.csv",
            SummaryHeader,
            $"cycle,40,mmap,60,{Kernel61},classic,2,900,1000,1010,36,1000",
            $"cycle,40,mmap,60,{Kernel618},classic,1,900,900,900,36,1000",
            $"cycle,40,mmap,60,{Kernel618},mglru,1,900,900,900,36,1000");
        Write(
            "results.csv",
            ResultsHeader,
            $"cycle,{Kernel61},classic,mmap,60,40,36,2000,10,0,1500,1200,1",
            $"cycle,{Kernel61},classic,mmap,60,40,38,3000,10,0,1500,1200,2",
            $"cycle,{Kernel618},classic,mmap,60,40,36,,,,,,1",
            $"cycle,{Kernel618},mglru,mmap,60,40,36,2000,10,,1500,1200,1");
    }

    internal static string Digest => Convert.ToHexStringLower(SHA256.HashData(Bytes));

    internal string Root { get; } = Directory.CreateTempSubdirectory("reclaim-fidelity-").FullName;

    internal string In(string file) => Path.Combine(Root, file);

    internal void Write(string file, params string[] lines) => File.WriteAllText(In(file), string.Join('\n', lines) + "\n");

    /// <summary>Every access is a write, and every fourth goes to one of eight hot pages.</summary>
    private static byte[] Cycle()
    {
        var bytes = new byte[sizeof(uint) * 1600];
        for (int i = 0; i < 1600; i++)
        {
            uint page = (uint)(i % 4 == 0 ? i / 4 % 8 : i % Pages);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * sizeof(uint)), page | 0x8000_0000);
        }

        return bytes;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
