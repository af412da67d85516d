namespace ReclaimNative.Lab.Tests.Traces;

/// <summary>The folder of recorded traces beside the checkout; tests that need it are skipped, visibly, where there is none.</summary>
internal static class SharedFolder
{
    /// <summary>A file of the shared folder, as in <c>traces/OLTP.lis.zst</c>: under RECLAIM_SHARED, else <c>shared</c> beside a folder above.</summary>
    internal static string File(string path)
    {
        if (Environment.GetEnvironmentVariable("RECLAIM_SHARED") is { Length: > 0 } named)
            return Existing(Path.Combine(named, path)) ?? Skip(path);
        for (DirectoryInfo? folder = new(TestContext.CurrentContext.TestDirectory); folder is not null; folder = folder.Parent)
        {
            if (Existing(Path.Combine(folder.FullName, "shared", path)) is { } found)
                return found;
        }
        return Skip(path);
    }

    private static string? Existing(string path) => System.IO.File.Exists(path) ? path : null;

    private static string Skip(string path)
    {
        Assert.Ignore($"there is no shared/{path} beside the checkout; set RECLAIM_SHARED to the folder that holds {path}");
        return path;
    }
}
