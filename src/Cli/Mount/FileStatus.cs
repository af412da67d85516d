using System.Runtime.InteropServices;

namespace ReclaimNative.Cli.Mount;

/// <summary>What stat(2) tells of a file; the C library's <c>struct stat</c> differs by architecture.</summary>
/// <param name="Mode">Kind and permission bits.</param>
/// <param name="Links">Directory entries of it.</param>
/// <param name="Owner">User number.</param>
/// <param name="Group">Group number.</param>
/// <param name="Seconds">All its times, since 1970.</param>
internal readonly record struct FileStatus(uint Mode, uint Links, uint Owner, uint Group, long Seconds)
{
    /// <summary>Kind of a directory, among the mode bits.</summary>
    public const uint Directory = 0x4000;

    /// <summary>Kind of a regular file, among the mode bits.</summary>
    public const uint RegularFile = 0x8000;

    /// <summary>Bytes of the longest layout.</summary>
    public const int MostBytes = 144;

    private const int BlockSize = 4096;

    /// <summary>There is a layout for this process's architecture.</summary>
    public static bool IsKnownHere => RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;

    /// <summary>Writes it as a <c>struct stat</c>, all other fields zero.</summary>
    public unsafe void CopyTo(void* stat)
    {
        if (RuntimeInformation.ProcessArchitecture == Architecture.X64)
        {
            *(X64*)stat = new X64 { Mode = Mode, Links = Links, Owner = Owner, Group = Group, BlockSize = BlockSize, Accessed = Seconds, Modified = Seconds, Changed = Seconds };
        }
        else
        {
            *(Arm64*)stat = new Arm64 { Mode = Mode, Links = Links, Owner = Owner, Group = Group, BlockSize = BlockSize, Accessed = Seconds, Modified = Seconds, Changed = Seconds };
        }
    }

    [StructLayout(LayoutKind.Explicit, Size = 144)]
    internal struct X64
    {
        [FieldOffset(16)]
        public ulong Links;

        [FieldOffset(24)]
        public uint Mode;

        [FieldOffset(28)]
        public uint Owner;

        [FieldOffset(32)]
        public uint Group;

        [FieldOffset(56)]
        public long BlockSize;

        [FieldOffset(72)]
        public long Accessed;

        [FieldOffset(88)]
        public long Modified;

        [FieldOffset(104)]
        public long Changed;
    }

    [StructLayout(LayoutKind.Explicit, Size = 128)]
    internal struct Arm64
    {
        [FieldOffset(16)]
        public uint Mode;

        [FieldOffset(20)]
        public uint Links;

        [FieldOffset(24)]
        public uint Owner;

        [FieldOffset(28)]
        public uint Group;

        [FieldOffset(56)]
        public int BlockSize;

        [FieldOffset(72)]
        public long Accessed;

        [FieldOffset(88)]
        public long Modified;

        [FieldOffset(104)]
        public long Changed;
    }
}
