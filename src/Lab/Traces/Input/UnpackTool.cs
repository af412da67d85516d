using System.ComponentModel;
using System.Diagnostics;

namespace ReclaimNative.Lab.Traces;

/// <summary>A program of the system that unpacks from its standard input to its standard output.</summary>
/// <param name="name">The program's file name, looked for on the PATH only.</param>
/// <param name="arguments">What makes it unpack quietly.</param>
/// <param name="install">How to get it, for the message when it is missing.</param>
internal sealed class UnpackTool(string name, string[] arguments, string install)
{
    /// <summary>What the program is called in errors.</summary>
    internal string Name => name;

    /// <summary>Starts the program on <paramref name="packed"/>; disposing the stream ends it.</summary>
    /// <exception cref="TraceException">The program is missing or does not start.</exception>
    internal Stream Unpack(ByteSource packed)
    {
        var start = new ProcessStartInfo(Find(packed.Name), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            return new UnpackingStream(Process.Start(start)!, this, packed);
        }
        catch (Win32Exception e)
        {
            throw new TraceException($"{packed.Name}: the program {name}, which unpacks it, does not start: {e.Message}", e);
        }
    }

    // Process.Start alone would also run a program of that name from the current folder.
    private string Find(string traceName)
    {
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        {
            string path = Path.Combine(folder, name);
            if (Path.IsPathRooted(folder) && File.Exists(path))
                return path;
        }
        throw new TraceException($"{traceName}: the program {name}, which unpacks it, is not on the PATH; install it ({install}) or unpack the trace first");
    }
}
