using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using ReclaimNative.Lab.Traces;
using Trace = ReclaimNative.Lab.Traces.Trace;

namespace ReclaimNative.Lab.Fidelity;

/// <summary>The traces of a kernel-truth directory: recorded ones lie there, the others are written by its <c>make_traces.py</c>.</summary>
internal static class TruthTraceFiles
{
    private const string Generator = "make_traces.py";

    /// <summary>Loads the traces <paramref name="names"/> of <paramref name="set"/> and checks their lengths and digests.</summary>
    /// <exception cref="TruthException">A trace is not there and cannot be made, or is not the one that the kernels ran.</exception>
    /// <exception cref="TraceException">A file cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The work was ended; nothing is left behind.</exception>
    internal static IReadOnlyDictionary<string, Trace> Load(TruthSet set, IReadOnlyCollection<string> names, CancellationToken cancellation)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in names)
        {
            if (Recorded(set.Directory, name) is { } file)
                files.Add(name, file);
        }

        string[] missing = [.. names.Where(n => !files.ContainsKey(n))];
        string? folder = null;
        try
        {
            if (missing.Length > 0)
            {
                folder = Directory.CreateTempSubdirectory("reclaim-truth-").FullName;
                Generate(set.Directory, folder, missing, cancellation);
                foreach (string name in missing)
                    files.Add(name, Path.Combine(folder, name + ".bin"));
            }

            var traces = new Dictionary<string, Trace>(StringComparer.Ordinal);
            foreach (string name in names)
            {
                cancellation.ThrowIfCancellationRequested();
                traces.Add(name, Read(files[name], set.Traces[name]));
            }

            return traces;
        }
        finally
        {
            if (folder is not null)
                Directory.Delete(folder, recursive: true);
        }
    }

    private static string? Recorded(string directory, string name) =>
        ((string[])["", ".zst", ".gz"]).Select(packed => Path.Combine(directory, "traces", $"{name}.bin{packed}")).FirstOrDefault(File.Exists);

    private static void Generate(string directory, string folder, string[] names, CancellationToken cancellation)
    {
        string generator = Path.Combine(directory, Generator);
        if (!File.Exists(generator))
            throw new TruthException(directory, 0, $"there is neither traces/{names[0]}.bin (.zst, .gz) nor {Generator} to write it");
        ProcessStartInfo start = new("python3", [generator, folder, .. names]) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using Process python = Process.Start(start)!;
            using CancellationTokenRegistration stop = cancellation.Register(python.Kill);
            Task<string> output = python.StandardOutput.ReadToEndAsync(CancellationToken.None);
            string error = python.StandardError.ReadToEnd();
            output.Wait(CancellationToken.None);
            python.WaitForExit();
            cancellation.ThrowIfCancellationRequested();
            if (python.ExitCode != 0)
                throw new TruthException(generator, 0, $"could not write {string.Join(", ", names)}: {LastLine(error)}");
        }
        catch (Win32Exception problem)
        {
            throw new TruthException(generator, 0, "python3, which runs it, is not installed; or put the traces into traces/", problem);
        }
    }

    private static string LastLine(string text) => text.TrimEnd().Split('\n')[^1];

    private static Trace Read(string path, TruthTrace expected)
    {
        byte[] bytes = Unpacked(path);
        if (bytes.Length != expected.Accesses * sizeof(uint))
            throw new TruthException(path, 0, $"has {bytes.Length} bytes; traces.csv says {expected.Accesses} accesses of {sizeof(uint)} bytes");
        string digest = Convert.ToHexStringLower(SHA256.HashData(bytes));
        if (digest != expected.Sha256)
            throw new TruthException(path, 0, $"its sha256 is {digest}; traces.csv says {expected.Sha256}");
        ReadFilePages(bytes, path, expected);
        return TraceReader.Read(new MemoryStream(bytes), expected.Name, TraceFormat.U32);
    }

    private static byte[] Unpacked(string path)
    {
        try
        {
            using ByteSource packed = new(File.OpenRead(path), path);
            if (!packed.Fill(1))
                throw new TruthException(path, 0, "is empty");
            using ByteSource source = Compression.Unpack(packed);
            using MemoryStream whole = new();
            new RestOfSource(source).CopyTo(whole);
            return whole.ToArray();
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new TruthException(path, 0, $"cannot be read: {problem.Message}", problem);
        }
    }

    /// <summary>The kernels' runs read file pages where the trace writes them.</summary>
    private static void ReadFilePages(Span<byte> accesses, string path, TruthTrace trace)
    {
        for (; accesses.Length > 0; accesses = accesses[sizeof(uint)..])
        {
            uint page = BinaryPrimitives.ReadUInt32LittleEndian(accesses) & ~Trace.WriteBit;
            if (page >= trace.Pages)
                throw new TruthException(path, 0, $"has page {page}; traces.csv says {trace.Pages} pages");
            if (page >= trace.AnonPages)
                BinaryPrimitives.WriteUInt32LittleEndian(accesses, page);
        }
    }
}
