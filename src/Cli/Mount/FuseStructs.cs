using System.Runtime.InteropServices;

namespace ReclaimNative.Cli.Mount;

/// <summary>What a file system is asked, as libfuse 3 lays it out (<c>struct fuse_operations</c> up to poll). Null: not offered.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FuseOperations
{
    public delegate* unmanaged[Cdecl]<byte*, void*, FuseFileInfo*, int> GetAttributes;
    public nint ReadLink;
    public nint MakeNode;
    public delegate* unmanaged[Cdecl]<byte*, uint, int> MakeDirectory;
    public delegate* unmanaged[Cdecl]<byte*, int> Unlink;
    public delegate* unmanaged[Cdecl]<byte*, int> RemoveDirectory;
    public nint SymbolicLink;
    public nint Rename;
    public nint Link;
    public nint ChangeMode;
    public nint ChangeOwner;
    public delegate* unmanaged[Cdecl]<byte*, long, FuseFileInfo*, int> Truncate;
    public delegate* unmanaged[Cdecl]<byte*, FuseFileInfo*, int> Open;
    public delegate* unmanaged[Cdecl]<byte*, byte*, nuint, long, FuseFileInfo*, int> Read;
    public delegate* unmanaged[Cdecl]<byte*, byte*, nuint, long, FuseFileInfo*, int> Write;
    public nint FileSystemStatus;
    public nint Flush;
    public delegate* unmanaged[Cdecl]<byte*, FuseFileInfo*, int> Release;
    public nint Synchronize;
    public nint SetExtendedAttribute;
    public nint GetExtendedAttribute;
    public nint ListExtendedAttributes;
    public nint RemoveExtendedAttribute;
    public nint OpenDirectory;
    public delegate* unmanaged[Cdecl]<byte*, void*, delegate* unmanaged[Cdecl]<void*, byte*, void*, long, int, int>, long, FuseFileInfo*, int, int> ReadDirectory;
    public nint ReleaseDirectory;
    public nint SynchronizeDirectory;
    public nint Initialize;
    public nint Destroy;
    public nint Access;
    public delegate* unmanaged[Cdecl]<byte*, uint, FuseFileInfo*, int> Create;
    public nint Lock;
    public nint SetTimes;
    public nint MapBlock;
    public nint Control;
    public delegate* unmanaged[Cdecl]<byte*, FuseFileInfo*, void*, uint*, int> Poll;
}

/// <summary>An open file (<c>struct fuse_file_info</c>), as far as every libfuse 3 has it at the same place.</summary>
[StructLayout(LayoutKind.Explicit)]
internal struct FuseFileInfo
{
    private const uint DirectIo = 1 << 1;

    /// <summary>The flags of open(2).</summary>
    [FieldOffset(0)]
    public int Flags;

    [FieldOffset(4)]
    private uint _bits;

    /// <summary>What the file system calls the open file.</summary>
    [FieldOffset(16)]
    public ulong Handle;

    /// <summary>The events that a poll asks for.</summary>
    [FieldOffset(32)]
    public uint PollEvents;

    /// <summary>Every read and write comes here as it was made: the kernel keeps no copy and does not look at the size.</summary>
    public void BypassPageCache() => _bits |= DirectIo;
}

/// <summary>A request on its way (<c>struct fuse_buf</c>). Its memory is the library's until <see cref="FuseSession"/> frees it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FuseBuffer
{
    public nuint Size;
    public int Flags;
    public void* Memory;
    public int Descriptor;
    public long Position;
}

/// <summary>Options for the library (<c>struct fuse_args</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FuseArguments
{
    public int Count;
    public byte** Values;
    public int Allocated;
}

/// <summary>Who asks (<c>struct fuse_context</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FuseContext
{
    public void* Fuse;
    public uint User;
    public uint Group;
    public int Process;
    public void* PrivateData;
    public uint Umask;
}
