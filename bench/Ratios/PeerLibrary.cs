using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ReclaimNative.Bench.Ratios;

/// <summary>
/// The C kernels of <c>bench/peers</c>, compiled for this machine when the program starts and loaded into its process.
/// </summary>
internal sealed class PeerLibrary : IDisposable
{
    private const string Flags = "-O3 -march=native -shared -fPIC -fvisibility=hidden";

    private readonly string _version;
    private readonly string _directory;
    private readonly nint _handle;

    /// <exception cref="InvalidOperationException">gcc is missing or does not compile the peers.</exception>
    public PeerLibrary()
    {
        string[] sources = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "peers"), "*.c");
        Array.Sort(sources, StringComparer.Ordinal);
        _directory = Directory.CreateTempSubdirectory("reclaim-peers-").FullName;
        string library = Path.Combine(_directory, "libpeers.so");
        _version = FirstLineOf("gcc", "--version");
        string errors = Output("gcc", [.. Flags.Split(' '), "-o", library, .. sources], out int exitCode);
        if (exitCode != 0)
            throw new InvalidOperationException($"gcc did not compile the peers:\n{errors}");
        _handle = NativeLibrary.Load(library);
    }

    /// <summary>First line of the compiler's version, and the flags.</summary>
    public string Compiler => $"{_version} {Flags}";

    /// <summary>The kernel of that name, or null when this machine's instruction sets leave it out.</summary>
    public Peer? Find(string name) => NativeLibrary.TryGetExport(_handle, name, out nint address) ? new Peer(name, address) : null;

    public void Dispose()
    {
        NativeLibrary.Free(_handle);
        Directory.Delete(_directory, recursive: true);
    }

    private static string FirstLineOf(string program, string argument)
    {
        string text = Output(program, [argument], out int exitCode);
        return exitCode == 0 ? text.Split('\n')[0] : throw new InvalidOperationException($"{program} {argument} fails:\n{text}");
    }

    private static string Output(string program, string[] arguments, out int exitCode)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string text = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            exitCode = process.ExitCode;
            return text + errors.Result;
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw new InvalidOperationException($"The side-by-side program needs {program}: {missing.Message}.", missing);
        }
    }
}

/// <summary>One C kernel; see <c>bench/peers/peer.h</c>.</summary>
/// <param name="Name">Its symbol.</param>
/// <param name="Address">Its address.</param>
internal sealed unsafe record Peer(string Name, nint Address)
{
    public ulong Call(void* data, ulong n, void* output, ulong a = 0, ulong b = 0) =>
        ((delegate* unmanaged<void*, ulong, void*, ulong, ulong, ulong>)Address)(data, n, output, a, b);
}
