using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Handles;
using ReclaimNative.Control;

namespace ReclaimNative.Bindings.Exports;

/// <summary>The control files of reclaim.h. The contract of each call is its comment there.</summary>
internal static unsafe class ControlExports
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_read_control")]
    public static int Read(ulong engine, byte* path, ulong pathLength, byte* text, ulong capacity, ulong* length)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            string asked = CallerText.Read(path, pathLength, "path");
            CallerBuffer.Check(text, capacity, length, "text", "length");
            return CallerBuffer.Fill(Encoding.UTF8.GetBytes(TextAt(entry.Control, asked)), text, capacity, length);
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_write_control")]
    public static int Write(ulong engine, byte* path, ulong pathLength, byte* text, ulong textLength)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            string asked = CallerText.Read(path, pathLength, "path");
            ReadOnlySpan<byte> written = CallerText.Raw(text, textLength, "text");
            using ControlFile file = entry.Control.Open(asked);
            if (file.KeepsWrites)
                throw new Refusal(Status.Unsupported, $"What is written to {asked} lasts as long as the file is open, and here each call opens it anew: it can only be read.");
            file.Write(written);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    private static string TextAt(ControlTree tree, string path)
    {
        if (tree.Find(path) is not { IsDirectory: true })
        {
            using ControlFile file = tree.Open(path);
            return file.Read();
        }

        var names = new StringBuilder();
        foreach (ControlEntry entry in tree.List(path))
            names.Append(entry.Path.AsSpan(entry.Path.LastIndexOf('/') + 1)).Append(entry.IsDirectory ? "/\n" : "\n");
        return names.ToString();
    }
}
