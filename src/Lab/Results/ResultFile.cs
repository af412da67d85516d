namespace ReclaimNative.Lab.Results;

/// <summary>Writes a result file whole or not at all.</summary>
public static class ResultFile
{
    /// <summary>The path that means standard output.</summary>
    public const string StandardOutput = "-";

    /// <summary>
    /// Calls <paramref name="write"/> on a new file beside <paramref name="path"/> and renames it into place, so that a
    /// write that fails leaves what was there. Standard output (<c>-</c>), devices and pipes are written directly.
    /// </summary>
    /// <exception cref="ResultFileException">The file cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        if (path.Length == 0)
        {
            throw new ResultFileException("cannot write a file without a name");
        }

        try
        {
            if (path == StandardOutput)
            {
                using BufferedStream stdout = new(Console.OpenStandardOutput());
                write(stdout);
            }
            else
            {
                WriteTo(path, write);
            }
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new ResultFileException(Explain(path, cause), cause);
        }
    }

    private static void WriteTo(string path, Action<Stream> write)
    {
        string full = Path.GetFullPath(path);

        // A rename would put a plain file in the place of /dev/null, and of a pipe under /dev/fd.
        bool device = full.StartsWith("/dev/", StringComparison.Ordinal) || full.StartsWith("/proc/", StringComparison.Ordinal);
        bool link = !device && new FileInfo(full).LinkTarget is not null;
        string target = link ? File.ResolveLinkTarget(full, returnFinalTarget: true)!.FullName : full;
        if (!device && !File.Exists(target))
        {
            Replace(target, write);
            return;
        }

        // Opened even when it will be replaced: a rename asks for no permission on the file itself.
        using (FileStream existing = new(target, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            if (device || !existing.CanSeek)
            {
                write(existing);
                return;
            }
        }

        Replace(target, write);
    }

    private static void Replace(string target, Action<Stream> write)
    {
        string temporary = Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetRandomFileName()}.tmp");
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                write(stream);
            }

            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static string Explain(string path, Exception cause)
    {
        string reason = cause switch
        {
            _ when Directory.Exists(path) => "it is a directory",
            DirectoryNotFoundException => $"there is no directory '{Path.GetDirectoryName(path)}'",
            UnauthorizedAccessException => "permission denied",
            _ => cause.Message.ReplaceLineEndings(" "),
        };
        return $"cannot write '{path}': {reason}";
    }
}
