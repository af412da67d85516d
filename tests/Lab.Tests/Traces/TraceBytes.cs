using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using ReclaimNative.Lab.Traces;
using Process = System.Diagnostics.Process;
using ProcessStartInfo = System.Diagnostics.ProcessStartInfo;

namespace ReclaimNative.Lab.Tests.Traces;

/// <summary>Trace files built from values, and what was read from them.</summary>
internal static class TraceBytes
{
    internal static byte[] Ascii(string text) => Encoding.Latin1.GetBytes(text);

    internal static byte[] U32(params uint[] values) => Packed(values, 4, BinaryPrimitives.WriteUInt32LittleEndian);

    internal static byte[] U64(params ulong[] values) => Packed(values, 8, BinaryPrimitives.WriteUInt64LittleEndian);

    internal static byte[] Be32(params int[] values) => Packed(values, 4, BinaryPrimitives.WriteInt32BigEndian);

    /// <summary>One record a key: time 7, size 512, the next request of its key.</summary>
    internal static byte[] Oracle(params ulong[] keys)
    {
        var bytes = new byte[keys.Length * 24];
        var nextOf = new Dictionary<ulong, long>();
        for (int i = keys.Length - 1; i >= 0; i--)
        {
            Span<byte> record = bytes.AsSpan(i * 24);
            BinaryPrimitives.WriteUInt32LittleEndian(record, 7);
            BinaryPrimitives.WriteUInt64LittleEndian(record[4..], keys[i]);
            BinaryPrimitives.WriteUInt32LittleEndian(record[12..], 512);
            BinaryPrimitives.WriteInt64LittleEndian(record[16..], nextOf.GetValueOrDefault(keys[i], -1));
            nextOf[keys[i]] = i;
        }
        return bytes;
    }

    internal static byte[] Gzip(byte[] content, CompressionLevel level = CompressionLevel.Fastest)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, level))
            gzip.Write(content);
        return packed.ToArray();
    }

    internal static byte[] Zstd(byte[] content) => Filter("zstd", content);

    internal static byte[] Xz(byte[] content) => Filter("xz", content);

    internal static Trace Read(byte[] bytes, string name, TraceFormat? format = null) => TraceReader.Read(new MemoryStream(bytes), name, format);

    /// <summary>The accesses under the trace's own page numbers, as in <c>5 7W</c>.</summary>
    internal static string Requests(Trace trace) => string.Join(' ', trace.Accesses.ToArray().Select(access =>
        trace.Pages.Original(access & ~Trace.WriteBit) + ((access & Trace.WriteBit) != 0 ? "W" : "")));

    private static byte[] Packed<T>(T[] values, int size, WriteValue<T> write)
    {
        var bytes = new byte[values.Length * size];
        for (int i = 0; i < values.Length; i++)
            write(bytes.AsSpan(i * size), values[i]);
        return bytes;
    }

    private static byte[] Filter(string tool, byte[] content)
    {
        var start = new ProcessStartInfo(tool, ["-cq"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Ignore($"{tool} is not installed");
            throw;
        }
        using (process)
        {
            var packed = new MemoryStream();
            Task reading = process.StandardOutput.BaseStream.CopyToAsync(packed);
            process.StandardInput.BaseStream.Write(content);
            process.StandardInput.Close();
            reading.Wait();
            process.WaitForExit();
            return packed.ToArray();
        }
    }

    private delegate void WriteValue<T>(Span<byte> to, T value);
}
