using ReclaimNative.Cli.Mount;

namespace ReclaimNative.Cli.Tests.Mount;

/// <summary>Whether this machine lets us mount, and what is done about mounts that a test may leave.</summary>
internal static class Mounting
{
    private static readonly Lazy<string?> Obstacle = new(Try);

    /// <summary>Skips the test where nothing can be mounted, and says why.</summary>
    public static void SkipUnlessPossible()
    {
        if (Obstacle.Value is { } reason)
            Assert.Ignore($"nothing can be mounted here: {reason}");
    }

    /// <summary>What is mounted on a directory, or null.</summary>
    public static string? On(string directory) =>
        File.ReadLines("/proc/self/mounts").FirstOrDefault(line => line.Split(' ')[1] == directory);

    /// <summary>Takes away what is mounted on a directory, if anything is.</summary>
    public static void Clear(string directory)
    {
        if (On(directory) is not null)
            _ = ShellRun.Of("/", $"fusermount3 -uz '{directory}' || umount -l '{directory}'");
    }

    private static string? Try()
    {
        string directory = Directory.CreateTempSubdirectory("reclaim-mount-").FullName;
        try
        {
            using FuseSession session = new(FuseLibrary.Load(), directory, new FuseTree(new FakeTree(), _ => { }));
            return On(directory) is null ? "a mount does not appear in /proc/self/mounts" : null;
        }
        catch (MountException problem)
        {
            return problem.Message;
        }
        finally
        {
            Clear(directory);
            Directory.Delete(directory);
        }
    }
}
