using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Control;

namespace ReclaimNative.Cli.Mount;

/// <summary>The operations that libfuse calls, handed on to a <see cref="FuseTree"/>; they answer 0 or more, or a negative error number.</summary>
internal sealed unsafe class FuseCallbacks(FuseLibrary library, FuseTree tree)
{
    private const int InputOutputError = 5;

    /// <summary>The library the callbacks of which run: it says whose they are. There is one in a process.</summary>
    private static FuseLibrary? _library;

    private readonly long _mounted = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    private readonly uint _owner = SystemCalls.geteuid();
    private readonly uint _group = SystemCalls.getegid();

    /// <summary>What went wrong in an operation although nothing may: the request ended with EIO, and the mount is to end too.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>The operations; their private data is to be a <see cref="GCHandle"/> of this object.</summary>
    public FuseOperations Operations()
    {
        _library = library;
        return new FuseOperations
        {
            GetAttributes = &GetAttributes,
            MakeDirectory = &MakeDirectory,
            Unlink = &Remove,
            RemoveDirectory = &Remove,
            Truncate = &Truncate,
            Open = &Open,
            Read = &Read,
            Write = &Write,
            Release = &Release,
            ReadDirectory = &ReadDirectory,
            Create = &Create,
            Poll = &Poll,
        };
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int GetAttributes(byte* path, void* status, FuseFileInfo* info) => Serve(self =>
    {
        self.StatusOf(self.Tree.Find(PathOf(path))).CopyTo(status);
        return 0;
    });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int MakeDirectory(byte* path, uint mode) => Serve(self =>
    {
        self.Tree.CreateDirectory(PathOf(path));
        return 0;
    });

    /// <summary>unlink(2) and rmdir(2): nothing can be removed.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Remove(byte* path) => -(int)ControlError.NotSupported;

    /// <summary>open(2) of a file that is not there: none can be made.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Create(byte* path, uint mode, FuseFileInfo* info) => -(int)ControlError.Access;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Truncate(byte* path, long size, FuseFileInfo* info) => Serve(self =>
    {
        self.Tree.Truncate(PathOf(path));
        return 0;
    });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Open(byte* path, FuseFileInfo* info) => Serve(self =>
    {
        info->Handle = self.Tree.Open(PathOf(path), info->Flags);
        info->BypassPageCache();
        return 0;
    });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(byte* path, byte* buffer, nuint size, long offset, FuseFileInfo* info) =>
        Serve(self => self.Tree.Read(info->Handle, new Span<byte>(buffer, (int)size), offset));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(byte* path, byte* text, nuint size, long offset, FuseFileInfo* info) => Serve(self =>
    {
        self.Tree.Write(info->Handle, new ReadOnlySpan<byte>(text, (int)size));
        return (int)size;
    });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Release(byte* path, FuseFileInfo* info) => Serve(self =>
    {
        self.Tree.Release(info->Handle);
        return 0;
    });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ReadDirectory(
        byte* path,
        void* into,
        delegate* unmanaged[Cdecl]<void*, byte*, void*, long, int, int> add,
        long offset,
        FuseFileInfo* info,
        int flags) => Serve(self =>
    {
        string directory = PathOf(path);
        self.Add(".", self.Tree.Find(directory), into, add);
        self.Add("..", self.Tree.Find(directory), into, add);
        foreach (ControlEntry entry in self.Tree.List(directory))
            self.Add(entry.Path[(entry.Path.LastIndexOf('/') + 1)..], entry, into, add);
        return 0;
    });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Poll(byte* path, FuseFileInfo* info, void* handle, uint* happened) => Serve(self =>
    {
        PollWaiter? waiter = handle == null ? null : new PollWaiter(self.Library, handle);
        *happened = self.Tree.Poll(info->Handle, info->PollEvents, waiter);
        return 0;
    });

    private FuseTree Tree => tree;

    private FuseLibrary Library => library;

    /// <summary>Nothing may be thrown through the library.</summary>
    private static int Serve(Func<FuseCallbacks, int> operation)
    {
        var self = (FuseCallbacks)GCHandle.FromIntPtr((nint)_library!.GetContext()->PrivateData).Target!;
        try
        {
            return operation(self);
        }
        catch (ControlException refusal)
        {
            return -(int)refusal.Error;
        }
#pragma warning disable CA1031 // Whatever it is, the loop throws it again.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            self.Failure ??= failure;
            return -InputOutputError;
        }
    }

    private static string PathOf(byte* path) => Marshal.PtrToStringUTF8((nint)path)![1..];

    private void Add(string name, ControlEntry entry, void* into, delegate* unmanaged[Cdecl]<void*, byte*, void*, long, int, int> add)
    {
        byte* status = stackalloc byte[FileStatus.MostBytes];
        StatusOf(entry).CopyTo(status);
        nint text = Marshal.StringToCoTaskMemUTF8(name);
        _ = add(into, (byte*)text, status, 0, 0);
        Marshal.FreeCoTaskMem(text);
    }

    /// <summary>A directory has one link, which tells programs that walk trees not to count on the number.</summary>
    private FileStatus StatusOf(ControlEntry entry) =>
        new((entry.IsDirectory ? FileStatus.Directory : FileStatus.RegularFile) | (uint)entry.Mode, 1, _owner, _group, _mounted);
}
