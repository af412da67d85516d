namespace ReclaimNative.Bindings.Tests;

/// <summary>libreclaim.so as a file: as published, and each of the builds that are installed.</summary>
[TestFixtureSource(nameof(Files))]
internal sealed class LibraryFileTests(string file)
{
    private const string Published = "out/libreclaim.so";

    private static readonly string[] Files = [Published, .. InstalledLibrary.Builds.Select(b => Path.Combine("lib", b.Folder, "libreclaim.so.0"))];

    private static readonly string[] PartsOfGlibc =
        ["libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "ld-linux-x86-64.so.2"];

    private string Library => file == Published ? PublishedLibrary.File : Path.Combine(InstalledLibrary.Prefix, file);

    [Test]
    public void ItExportsTheFunctionsOfTheHeaderAndNothingElse()
    {
        Ended nm = Command.Run(PublishedLibrary.Folder, TimeSpan.FromSeconds(30), "nm", "-D", "--defined-only", "--format=posix", Library);
        Assert.That(nm.Code, Is.Zero, nm.ToString);

        // "name@@version type value size"; A is the absolute symbol that names the version itself.
        string[][] symbols = [.. nm.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))];
        string[] exported = [.. symbols.Where(s => s[1] != "A").Select(s => s[0].Split('@')[0])];
        Assert.That(exported.Except(HeaderText.Functions()), Is.Empty, "not in the header");
        Assert.That(HeaderText.Functions().Except(exported), Is.Empty, "not in the library");
    }

    [Test]
    public void ItsSonameIsLibreclaimSo0()
    {
        Assert.That(DynamicSection(), Does.Contain("soname: [libreclaim.so.0]"));
        if (file == Published)
        {
            Assert.That(File.ResolveLinkTarget(Path.Combine(PublishedLibrary.Folder, "libreclaim.so.0"), returnFinalTarget: true)?.FullName,
                Is.EqualTo(PublishedLibrary.File), "what a linked program asks for is there");
        }
    }

    [Test]
    public void ItNeedsTheCLibraryOnly()
    {
        string[] needed = [.. DynamicSection().Split('\n').Where(l => l.Contains("(NEEDED)")).Select(l => l[(l.IndexOf('[') + 1)..l.IndexOf(']')])];
        Assert.That(needed, Is.SubsetOf(PartsOfGlibc));
        Assert.That(DynamicSection(), Does.Not.Contain("PATH)"), "it searches no folder of its own for them");
    }

    /// <summary>The runtime in it has a thread and handlers of signals, which would run in nothing.</summary>
    [Test]
    public void ClosedItStaysWhereItIs()
    {
        Command.RequireGcc();
        string program = Path.Combine(PublishedLibrary.Workplace, "close");
        Ended built = Command.Gcc(
            PublishedLibrary.Workplace, "-std=c99", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
            Path.Combine(Repository.Root, "tests", "Bindings.Tests", "package", "close.c"), "-o", program, "-Iout/include", "-ldl");
        Assert.That(built.Code, Is.Zero, built.ToString);
        Ended run = Command.Run(PublishedLibrary.Workplace, TimeSpan.FromMinutes(1), program, Library);
        Assert.That(run.Output, Is.EqualTo(string.Concat(Enumerable.Repeat("-1, closed 0, -1\n", 3))), run.ToString);
        Assert.That(run.Code, Is.Zero, run.ToString);
    }

    [Test]
    public void ItHasAtMostThreeMegabytes()
    {
        long bytes = new FileInfo(File.ResolveLinkTarget(Library, returnFinalTarget: true)?.FullName ?? Library).Length;
        TestContext.Out.WriteLine($"{bytes} bytes");
        Assert.That(bytes, Is.LessThanOrEqualTo(3_000_000));
    }

    private string DynamicSection()
    {
        Ended readelf = Command.Run(PublishedLibrary.Folder, TimeSpan.FromSeconds(30), "readelf", "-d", Library);
        Assert.That(readelf.Code, Is.Zero, readelf.ToString);
        return readelf.Output;
    }
}
