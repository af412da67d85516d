using System.Runtime.InteropServices;

namespace ReclaimNative.Cli.Mount;

/// <summary>The functions of the system's libfuse 3 that a mount needs, of its high-level interface: files are named by their paths.</summary>
internal sealed unsafe class FuseLibrary
{
    /// <summary>The second is that of libfuse 3.17 and later; what is used here lies at the same places in both.</summary>
    private static readonly string[] FileNames = ["libfuse3.so.3", "libfuse3.so.4"];

    private FuseLibrary(nint library)
    {
        New = (delegate* unmanaged[Cdecl]<FuseArguments*, FuseOperations*, nuint, void*, void*>)Function(library, "fuse_new");
        FreeArguments = (delegate* unmanaged[Cdecl]<FuseArguments*, void>)Function(library, "fuse_opt_free_args");
        Mount = (delegate* unmanaged[Cdecl]<void*, byte*, int>)Function(library, "fuse_mount");
        Unmount = (delegate* unmanaged[Cdecl]<void*, void>)Function(library, "fuse_unmount");
        Destroy = (delegate* unmanaged[Cdecl]<void*, void>)Function(library, "fuse_destroy");
        GetSession = (delegate* unmanaged[Cdecl]<void*, void*>)Function(library, "fuse_get_session");
        GetContext = (delegate* unmanaged[Cdecl]<FuseContext*>)Function(library, "fuse_get_context");
        SessionDescriptor = (delegate* unmanaged[Cdecl]<void*, int>)Function(library, "fuse_session_fd");
        SessionExited = (delegate* unmanaged[Cdecl]<void*, int>)Function(library, "fuse_session_exited");
        ReceiveRequest = (delegate* unmanaged[Cdecl]<void*, FuseBuffer*, int>)Function(library, "fuse_session_receive_buf");
        ProcessRequest = (delegate* unmanaged[Cdecl]<void*, FuseBuffer*, void>)Function(library, "fuse_session_process_buf");
        NotifyPoll = (delegate* unmanaged[Cdecl]<void*, int>)Function(library, "fuse_notify_poll");
        DestroyPollHandle = (delegate* unmanaged[Cdecl]<void*, void>)Function(library, "fuse_pollhandle_destroy");
    }

    public delegate* unmanaged[Cdecl]<FuseArguments*, FuseOperations*, nuint, void*, void*> New { get; }

    public delegate* unmanaged[Cdecl]<FuseArguments*, void> FreeArguments { get; }

    public delegate* unmanaged[Cdecl]<void*, byte*, int> Mount { get; }

    public delegate* unmanaged[Cdecl]<void*, void> Unmount { get; }

    public delegate* unmanaged[Cdecl]<void*, void> Destroy { get; }

    public delegate* unmanaged[Cdecl]<void*, void*> GetSession { get; }

    public delegate* unmanaged[Cdecl]<FuseContext*> GetContext { get; }

    public delegate* unmanaged[Cdecl]<void*, int> SessionDescriptor { get; }

    public delegate* unmanaged[Cdecl]<void*, int> SessionExited { get; }

    public delegate* unmanaged[Cdecl]<void*, FuseBuffer*, int> ReceiveRequest { get; }

    public delegate* unmanaged[Cdecl]<void*, FuseBuffer*, void> ProcessRequest { get; }

    public delegate* unmanaged[Cdecl]<void*, int> NotifyPoll { get; }

    public delegate* unmanaged[Cdecl]<void*, void> DestroyPollHandle { get; }

    /// <summary>Loads the library, which then stays for as long as the process.</summary>
    /// <exception cref="MountException">It is not installed, or this machine is of a kind that it is not described for.</exception>
    public static FuseLibrary Load()
    {
        if (!OperatingSystem.IsLinux() || !FileStatus.IsKnownHere)
            throw new MountException($"mounting works on Linux on x64 and arm64, not on {RuntimeInformation.RuntimeIdentifier}");
        foreach (string name in FileNames)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
                return new FuseLibrary(library);
        }

        throw new MountException($"mounting needs the system's libfuse 3, and neither {string.Join(" nor ", FileNames)} is here; install the package libfuse3-3 or fuse3");
    }

    private static nint Function(nint library, string name) => NativeLibrary.TryGetExport(library, name, out nint address)
        ? address
        : throw new MountException($"the system's libfuse 3 has no function {name}; a version from 3.1 on is wanted");
}
