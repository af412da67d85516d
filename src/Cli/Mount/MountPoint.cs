namespace ReclaimNative.Cli.Mount;

/// <summary>A directory to mount on: an empty one, or one that is made for it and removed with it.</summary>
internal sealed class MountPoint : IDisposable
{
    private readonly bool _isOwn;

    private MountPoint(string path, bool isOwn)
    {
        Path = path;
        _isOwn = isOwn;
    }

    /// <summary>The directory's full path.</summary>
    public string Path { get; }

    /// <summary>Makes sure that it can be mounted on.</summary>
    /// <exception cref="UsageException">It is not a directory, not empty, or can't be made.</exception>
    /// <exception cref="MountException">It is what an earlier mount has left.</exception>
    public static MountPoint Prepare(string directory)
    {
        if (directory.Length == 0)
            throw new UsageException("DIR is empty; an empty directory is wanted, or the name of one to be made");
        string path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(directory));
        if (IsLeftOver(path))
            throw new MountException($"'{path}' is left over from a mount that nobody serves any more; 'fusermount3 -u {path}' frees it");
        if (File.Exists(path))
            throw new UsageException($"'{directory}' is a file; an empty directory is wanted");
        try
        {
            if (Directory.Exists(path))
            {
                return Directory.EnumerateFileSystemEntries(path).Any()
                    ? throw new UsageException($"the directory '{directory}' is not empty; an empty one is wanted, since a mount hides what is in it")
                    : new MountPoint(path, isOwn: false);
            }

            if (!Directory.Exists(System.IO.Path.GetDirectoryName(path)))
                throw new UsageException($"there is no directory '{System.IO.Path.GetDirectoryName(path)}' to make '{System.IO.Path.GetFileName(path)}' in");
            Directory.CreateDirectory(path);
            return new MountPoint(path, isOwn: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new MountException($"'{directory}' can't be mounted on: {problem.Message}");
        }
    }

    /// <summary>Removes the directory if it was made for this mount.</summary>
    public void Dispose()
    {
        try
        {
            if (_isOwn)
                Directory.Delete(Path);
        }
        catch (IOException)
        {
            // Somebody has put something there, or mounted something else on it: it is his now.
        }
    }

    /// <summary>A mount without a server can't be looked at, only seen in the table of mounts, which has its path with blanks as \040.</summary>
    private static bool IsLeftOver(string path)
    {
        if (Directory.Exists(path) || File.Exists(path))
            return false;
        string escaped = path.Replace("\\", "\\134", StringComparison.Ordinal).Replace(" ", "\\040", StringComparison.Ordinal)
            .Replace("\t", "\\011", StringComparison.Ordinal).Replace("\n", "\\012", StringComparison.Ordinal);
        return File.ReadLines("/proc/self/mountinfo").Any(line => line.Split(' ') is [_, _, _, _, var mounted, ..] && mounted == escaped);
    }
}
