using System.Buffers.Binary;
using System.Globalization;

namespace ReclaimNative.Lab.Traces;

/// <summary>Writes a trace under its own page numbers, in the two formats that keep reads and writes apart: u32 and text.</summary>
public static class TraceWriter
{
    /// <summary>Writes every access of <paramref name="trace"/> to <paramref name="output"/>, which stays open. Text is decimal, with W after writes.</summary>
    /// <exception cref="TraceException">
    /// The format is neither u32 nor text, or a page number does not fit u32's 31 bits. Nothing has been written.
    /// </exception>
    /// <exception cref="IOException">The stream refused the bytes.</exception>
    public static void Write(Trace trace, TraceFormat format, Stream output)
    {
        if (format == TraceFormat.U32)
            WriteU32(trace, output);
        else if (format == TraceFormat.Text)
            WriteText(trace, output);
        else
            throw new TraceException($"traces cannot be written as {format}; accepted: {TraceFormat.U32}, {TraceFormat.Text}");
    }

    private static void WriteU32(Trace trace, Stream output)
    {
        // The order is kept and no table straddles 2^31, so the last packed page tells for all.
        if (trace.Pages.Original((uint)trace.PackedPages - 1) >= Trace.WriteBit)
            throw new TraceException($"{trace.Name}: has page numbers of {Trace.WriteBit} and more, which the format u32 cannot hold; write text");

        // Not disposed: that would close the caller's stream.
        var buffered = new BufferedStream(output, 1 << 16);
        Span<byte> record = stackalloc byte[sizeof(uint)];
        foreach (uint access in trace.Accesses.Span)
        {
            ulong page = trace.Pages.Original(access & ~Trace.WriteBit);
            BinaryPrimitives.WriteUInt32LittleEndian(record, (uint)page | (access & Trace.WriteBit));
            buffered.Write(record);
        }
        buffered.Flush();
    }

    private static void WriteText(Trace trace, Stream output)
    {
        using var lines = new StreamWriter(output, bufferSize: 1 << 16, leaveOpen: true) { NewLine = "\n" };
        foreach (uint access in trace.Accesses.Span)
        {
            lines.Write(trace.Pages.Original(access & ~Trace.WriteBit).ToString(CultureInfo.InvariantCulture));
            lines.WriteLine((access & Trace.WriteBit) != 0 ? " W" : "");
        }
    }
}
