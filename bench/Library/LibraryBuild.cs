namespace ReclaimNative.Bench.Library;

/// <summary>The C library, and C programs that are built against it.</summary>
internal sealed class LibraryBuild
{
    private readonly string _work;

    /// <summary>Takes the library in a folder, as <c>dotnet publish src/Bindings -o</c> makes it; null publishes it beside this program.</summary>
    /// <param name="library">The folder.</param>
    /// <param name="work">Name of a folder beside this program for what is built.</param>
    /// <exception cref="InvalidOperationException">The library does not build, or its sources are missing.</exception>
    public LibraryBuild(string? library, string work)
    {
        Root = FindRoot();
        _work = Path.Combine(AppContext.BaseDirectory, work);
        Directory.CreateDirectory(_work);
        if (library is null)
        {
            library = Path.Combine(_work, "out");
            ChildProcess.Run(
                "dotnet", "publish", Path.Combine(Root, "src", "Bindings"), "-c", "Release", "-o", library,
                "--artifacts-path", Path.Combine(_work, "artifacts"), "-nologo", "-nodeReuse:false");
        }

        Folder = Path.GetFullPath(library);
    }

    /// <summary>Top of the repository.</summary>
    public string Root { get; }

    /// <summary>Where <c>libreclaim.so</c> and <c>include</c> are.</summary>
    public string Folder { get; }

    /// <summary>Compiles a program against the library. Returns its path.</summary>
    /// <param name="name">Name of the program.</param>
    /// <param name="sources">Folder whose <c>*.c</c> are compiled.</param>
    /// <param name="flags">Flags besides those of all programs.</param>
    /// <exception cref="InvalidOperationException">gcc is missing or refuses.</exception>
    public string Compile(string name, string sources, params string[] flags)
    {
        string program = Path.Combine(_work, name);
        string[] files = Directory.GetFiles(sources, "*.c");
        Array.Sort(files, StringComparer.Ordinal);
        ChildProcess.Run(
            "gcc",
            ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", .. flags, .. files, "-o", program,
             "-I" + Path.Combine(Folder, "include"), "-L" + Folder, "-lreclaim", "-lm", "-Wl,-rpath," + Folder]);
        return program;
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ReclaimNative.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} has ReclaimNative.sln: the library's sources are needed.");
    }
}
