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
        _version = ChildProcess.Run("gcc", "--version").Split('\n')[0];
        ChildProcess.Run("gcc", [.. Flags.Split(' '), "-o", library, .. sources]);
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
}

/// <summary>One C kernel; see <c>bench/peers/peer.h</c>.</summary>
/// <param name="Name">Its symbol.</param>
/// <param name="Address">Its address.</param>
internal sealed unsafe record Peer(string Name, nint Address)
{
    public ulong Call(void* data, ulong n, void* output, ulong a = 0, ulong b = 0) =>
        ((delegate* unmanaged<void*, ulong, void*, ulong, ulong, ulong>)Address)(data, n, output, a, b);
}
