namespace ReclaimNative.Bindings.Tests;

/// <summary>The library, published once for all tests as docs/c-abi.md says, into a folder of the tests' own.</summary>
[SetUpFixture]
internal sealed class PublishedLibrary
{
    /// <summary>A folder with <c>out</c>, where the library is, and <c>examples</c>: what a reader at the top of the repository has.</summary>
    public static string Workplace { get; } = Path.Combine(AppContext.BaseDirectory, "workplace");

    public static string Folder => Path.Combine(Workplace, "out");

    public static string File => Path.Combine(Folder, "libreclaim.so");

    [OneTimeSetUp]
    public void Publish()
    {
        // It links the library as well, so nothing here works without it.
        Command.RequireGcc();
        Directory.CreateDirectory(Workplace);

        // The same `dotnet test` may be building src/Bindings at this moment: a separate artifacts path shares no obj
        // folder with it. Servers that outlive the command would keep its pipes open, so there are none.
        Ended publish = Command.Run(
            Repository.Root,
            TimeSpan.FromMinutes(10),
            "dotnet", "publish", "src/Bindings", "-c", "Release", "-o", Folder, "--artifacts-path", Path.Combine(Workplace, "artifacts"),
            "-nologo", "-nodeReuse:false", "-p:UseSharedCompilation=false");
        Assert.That(publish.Code, Is.Zero, () => $"dotnet publish src/Bindings: {publish}");

        string examples = Path.Combine(Workplace, "examples");
        Directory.CreateDirectory(examples);
        Link(Path.Combine(examples, "c"), Path.Combine(Repository.Root, "examples", "c"));
    }

    private static void Link(string at, string to)
    {
        if (new DirectoryInfo(at).LinkTarget is not null)
            Directory.Delete(at);
        Directory.CreateSymbolicLink(at, to);
    }
}
