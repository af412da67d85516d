using System.Runtime.InteropServices;

namespace ReclaimNative.Cli.Mount;

/// <summary>
/// A mounted tree. Requests are taken one at a time by whoever calls <see cref="Serve"/>, so that an engine behind the tree needs no lock.
/// All calls from one thread, but for <see cref="Interrupt"/>. Disposing of it unmounts, whoever still has files open.
/// </summary>
internal sealed unsafe class FuseSession : IDisposable
{
    private readonly FuseLibrary _library;
    private readonly FuseTree _tree;
    private readonly FuseCallbacks _callbacks;
    private readonly GCHandle _self;
    private readonly void* _fuse;
    private readonly void* _session;
    private readonly int _interrupt;
    private FuseBuffer _request;

    /// <summary>Mounts <paramref name="tree"/> on a directory.</summary>
    /// <exception cref="MountException">The system refuses.</exception>
    public FuseSession(FuseLibrary library, string directory, FuseTree tree)
    {
        _library = library;
        _tree = tree;
        _callbacks = new FuseCallbacks(library, tree);
        _self = GCHandle.Alloc(_callbacks);
        _fuse = New();
        if (_fuse == null)
        {
            _self.Free();
            throw new MountException("libfuse refuses to serve a file system; what it prints says why");
        }

        nint path = Marshal.StringToCoTaskMemUTF8(directory);
        int mounted = library.Mount(_fuse, (byte*)path);
        Marshal.FreeCoTaskMem(path);
        if (mounted != 0)
        {
            library.Destroy(_fuse);
            _self.Free();
            throw new MountException($"'{directory}' can't be mounted on; mounting needs /dev/fuse, and root or the program fusermount3 of the package fuse3");
        }

        _session = library.GetSession(_fuse);
        _interrupt = SystemCalls.eventfd(0, SystemCalls.EFD_CLOEXEC | SystemCalls.O_NONBLOCK);

        // A request that was announced may be gone when it is fetched: its process was killed. Waiting would then wait for the next.
        _ = SystemCalls.fcntl(library.SessionDescriptor(_session), SystemCalls.F_SETFL, SystemCalls.O_NONBLOCK);
    }

    /// <summary>Nobody has unmounted it.</summary>
    public bool IsMounted => _library.SessionExited(_session) == 0;

    /// <summary>Waits for a request.</summary>
    /// <param name="milliseconds">At most so long; 0 only looks, -1 waits for ever.</param>
    /// <returns>Whether there is one; not if the time is over or somebody interrupted.</returns>
    public bool Wait(int milliseconds)
    {
        SystemCalls.PollDescriptor* waited = stackalloc SystemCalls.PollDescriptor[2];
        waited[0] = new() { Descriptor = _library.SessionDescriptor(_session), Asked = SystemCalls.POLLIN };
        waited[1] = new() { Descriptor = _interrupt, Asked = SystemCalls.POLLIN };
        return SystemCalls.poll(waited, 2, milliseconds) > 0 && waited[0].Happened != 0;
    }

    /// <summary>Ends <see cref="Wait"/> now and whenever it is called again. From any thread.</summary>
    public void Interrupt()
    {
        ulong one = 1;
        _ = SystemCalls.write(_interrupt, &one, sizeof(ulong));
    }

    /// <summary>Carries out a request, or nothing if it is gone.</summary>
    public void Serve()
    {
        fixed (FuseBuffer* request = &_request)
        {
            if (_library.ReceiveRequest(_session, request) > 0)
                _library.ProcessRequest(_session, request);
        }

        if (_callbacks.Failure is { } failure)
            throw new InvalidOperationException($"A control file failed: {failure.Message}", failure);
    }

    /// <summary>Unmounts, and closes what is still open.</summary>
    public void Dispose()
    {
        _tree.ReleaseAll();
        _library.Unmount(_fuse);
        _library.Destroy(_fuse);
        SystemCalls.free(_request.Memory);
        _ = SystemCalls.close(_interrupt);
        _self.Free();
    }

    /// <summary>
    /// Nothing is cached: names come and go with cgroups, and texts change by themselves. The kernel checks modes against who asks; a tree
    /// that root mounts is for all, as sysfs is.
    /// </summary>
    private void* New()
    {
        List<string> words = ["reclaim", "-o", "fsname=reclaim,subtype=reclaim,default_permissions,attr_timeout=0,entry_timeout=0,negative_timeout=0"];
        if (SystemCalls.geteuid() == 0)
            words.AddRange(["-o", "allow_other"]);
        byte** values = stackalloc byte*[words.Count];
        for (int i = 0; i < words.Count; i++)
            values[i] = (byte*)Marshal.StringToCoTaskMemUTF8(words[i]);
        FuseArguments arguments = new() { Count = words.Count, Values = values };
        FuseOperations operations = _callbacks.Operations();
        void* fuse = _library.New(&arguments, &operations, (nuint)sizeof(FuseOperations), (void*)GCHandle.ToIntPtr(_self));
        _library.FreeArguments(&arguments);
        for (int i = 0; i < words.Count; i++)
            Marshal.FreeCoTaskMem((nint)values[i]);
        return fuse;
    }
}
