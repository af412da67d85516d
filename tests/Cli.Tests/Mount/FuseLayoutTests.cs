using System.Runtime.InteropServices;
using ReclaimNative.Cli.Mount;

namespace ReclaimNative.Cli.Tests.Mount;

/// <summary>Our structs have their fields where the installed headers have them.</summary>
public sealed class FuseLayoutTests
{
    private const string Header = "/usr/include/fuse3/fuse.h";

    [Test]
    public void EveryFieldIsWhereTheHeadersHaveIt()
    {
        if (!File.Exists(Header))
            Assert.Ignore($"there is no {Header} here; the package libfuse3-dev has it");
        string folder = Directory.CreateTempSubdirectory("reclaim-fuse-").FullName;
        try
        {
            ShellRun c = ShellRun.Of(folder, CProgram.Build(folder, "fuse_layout.c", "-I/usr/include/fuse3"), []);
            Assert.That(Ours(), Is.EqualTo(c.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static unsafe IEnumerable<string> Ours()
    {
        foreach ((string name, string field) in new[]
        {
            ("getattr", nameof(FuseOperations.GetAttributes)), ("mkdir", nameof(FuseOperations.MakeDirectory)), ("unlink", nameof(FuseOperations.Unlink)),
            ("rmdir", nameof(FuseOperations.RemoveDirectory)), ("truncate", nameof(FuseOperations.Truncate)), ("open", nameof(FuseOperations.Open)),
            ("read", nameof(FuseOperations.Read)), ("write", nameof(FuseOperations.Write)), ("release", nameof(FuseOperations.Release)),
            ("readdir", nameof(FuseOperations.ReadDirectory)), ("create", nameof(FuseOperations.Create)), ("poll", nameof(FuseOperations.Poll)),
        })
        {
            yield return $"fuse_operations.{name} {Marshal.OffsetOf<FuseOperations>(field)}";
        }

        // The first operation that we do not know follows at once.
        yield return $"fuse_operations.write_buf {Marshal.SizeOf<FuseOperations>()}";
        yield return $"fuse_file_info.flags {Marshal.OffsetOf<FuseFileInfo>(nameof(FuseFileInfo.Flags))}";
        yield return $"fuse_file_info.fh {Marshal.OffsetOf<FuseFileInfo>(nameof(FuseFileInfo.Handle))}";
        yield return $"fuse_file_info.poll_events {Marshal.OffsetOf<FuseFileInfo>(nameof(FuseFileInfo.PollEvents))}";
        yield return $"fuse_file_info.direct_io {DirectIoByte()}";
        yield return $"fuse_buf.size {Marshal.OffsetOf<FuseBuffer>(nameof(FuseBuffer.Size))}";
        yield return $"fuse_buf.flags {Marshal.OffsetOf<FuseBuffer>(nameof(FuseBuffer.Flags))}";
        yield return $"fuse_buf.mem {Marshal.OffsetOf<FuseBuffer>(nameof(FuseBuffer.Memory))}";
        yield return $"fuse_buf.fd {Marshal.OffsetOf<FuseBuffer>(nameof(FuseBuffer.Descriptor))}";
        yield return $"fuse_buf.pos {Marshal.OffsetOf<FuseBuffer>(nameof(FuseBuffer.Position))}";
        yield return $"fuse_args.argc {Marshal.OffsetOf<FuseArguments>(nameof(FuseArguments.Count))}";
        yield return $"fuse_args.argv {Marshal.OffsetOf<FuseArguments>(nameof(FuseArguments.Values))}";
        yield return $"fuse_args.allocated {Marshal.OffsetOf<FuseArguments>(nameof(FuseArguments.Allocated))}";
        yield return $"fuse_context.private_data {Marshal.OffsetOf<FuseContext>(nameof(FuseContext.PrivateData))}";
        foreach (string line in RuntimeInformation.ProcessArchitecture == Architecture.X64 ? StatusFields<FileStatus.X64>() : StatusFields<FileStatus.Arm64>())
            yield return line;
    }

    private static IEnumerable<string> StatusFields<T>()
        where T : struct
    {
        foreach ((string name, string field) in new[]
        {
            ("st_mode", nameof(FileStatus.X64.Mode)), ("st_nlink", nameof(FileStatus.X64.Links)), ("st_uid", nameof(FileStatus.X64.Owner)),
            ("st_gid", nameof(FileStatus.X64.Group)), ("st_blksize", nameof(FileStatus.X64.BlockSize)), ("st_atim", nameof(FileStatus.X64.Accessed)),
            ("st_mtim", nameof(FileStatus.X64.Modified)), ("st_ctim", nameof(FileStatus.X64.Changed)),
        })
        {
            yield return $"stat.{name} {Marshal.OffsetOf<T>(field)}";
        }

        yield return $"stat {Marshal.SizeOf<T>()}";
    }

    private static unsafe uint DirectIoByte()
    {
        FuseFileInfo info = default;
        info.BypassPageCache();
        return ((byte*)&info)[4];
    }
}
