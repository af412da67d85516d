namespace ReclaimNative.Bindings.Tests;

/// <summary>The library, published once for all tests as docs/c-abi.md says, into a folder of the tests' own.</summary>
[SetUpFixture]
internal sealed class PublishedLibrary
{
    /// <summary>A folder with <c>out</c>, where the library is, and <c>examples</c>: what a reader at the top of the repository has.</summary>
    public static string Workplace { get; } = Path.Combine(AppContext.BaseDirectory, "workplace");

    public static string Folder => Path.Combine(Workplace, "out");

    /// <summary>
    /// Where it was built. The same <c>dotnet test</c> may be building src/Bindings at this moment: this path shares no obj folder with it.
    /// </summary>
    public static string Artifacts => Path.Combine(Workplace, "artifacts");

    public static string File => Path.Combine(Folder, "libreclaim.so");

    [OneTimeSetUp]
    public void Publish()
    {
        // It links the library as well, so nothing here works without it.
        Command.RequireGcc();
        Directory.CreateDirectory(Workplace);

        Ended publish = Dotnet("publish", "src/Bindings", "-c", "Release", "-o", Folder);
        Assert.That(publish.Code, Is.Zero, () => $"dotnet publish src/Bindings: {publish}");

        string examples = Path.Combine(Workplace, "examples");
        Directory.CreateDirectory(examples);
        Link(Path.Combine(examples, "c"), Path.Combine(Repository.Root, "examples", "c"));
    }

    /// <summary>Runs a command of dotnet on src/Bindings, from the top of the repository, with the artifacts of these tests.</summary>
    public static Ended Dotnet(params IEnumerable<string> arguments) => Command.Run(
        Repository.Root,
        TimeSpan.FromMinutes(10),
        "dotnet",
        // Servers that outlive the command would keep its pipes open, so there are none.
        [.. arguments, "--artifacts-path", Artifacts, "-nologo", "-nodeReuse:false", "-p:UseSharedCompilation=false"]);

    private static void Link(string at, string to)
    {
        if (new DirectoryInfo(at).LinkTarget is not null)
            Directory.Delete(at);
        Directory.CreateSymbolicLink(at, to);
    }
}
