namespace ReclaimNative.Bindings.Tests;

/// <summary>libreclaim.so as a file.</summary>
internal sealed class LibraryFileTests
{
    private static readonly string[] PartsOfGlibc =
        ["libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "ld-linux-x86-64.so.2"];

    [Test]
    public void ItExportsTheFunctionsOfTheHeaderAndNothingElse()
    {
        Ended nm = Command.Run(PublishedLibrary.Folder, TimeSpan.FromSeconds(30), "nm", "-D", "--defined-only", "--format=posix", "libreclaim.so");
        Assert.That(nm.Code, Is.Zero, nm.ToString);

        // "name@@version type value size"; A is the absolute symbol that names the version itself.
        string[][] symbols = [.. nm.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))];
        string[] exported = [.. symbols.Where(s => s[1] != "A").Select(s => s[0].Split('@')[0])];
        Assert.That(exported, Is.EquivalentTo(HeaderText.Functions()));
    }

    [Test]
    public void ItsSonameIsLibreclaimSo0()
    {
        Ended readelf = Command.Run(PublishedLibrary.Folder, TimeSpan.FromSeconds(30), "readelf", "-d", "libreclaim.so");
        Assert.That(readelf.Output, Does.Contain("soname: [libreclaim.so.0]"));
        Assert.That(File.ResolveLinkTarget(Path.Combine(PublishedLibrary.Folder, "libreclaim.so.0"), returnFinalTarget: true)?.FullName,
            Is.EqualTo(PublishedLibrary.File), "what a linked program asks for is there");
    }

    [Test]
    public void ItNeedsTheCLibraryOnly()
    {
        Ended readelf = Command.Run(PublishedLibrary.Folder, TimeSpan.FromSeconds(30), "readelf", "-d", "libreclaim.so");
        string[] needed = [.. readelf.Output.Split('\n').Where(l => l.Contains("(NEEDED)")).Select(l => l[(l.IndexOf('[') + 1)..l.IndexOf(']')])];
        Assert.That(needed, Is.SubsetOf(PartsOfGlibc));
    }

    [Test]
    public void ItHasAtMostThreeMegabytes()
    {
        long bytes = new FileInfo(PublishedLibrary.File).Length;
        TestContext.Out.WriteLine($"{bytes} bytes");
        Assert.That(bytes, Is.LessThanOrEqualTo(3_000_000));
    }

    [Test]
    public void ThePublishedHeadersAreTheSourcesHeaders()
    {
        string folder = Path.GetDirectoryName(Repository.Header)!;
        foreach (string name in new[] { "reclaim.h", "reclaim_policy.h" })
            Assert.That(File.ReadAllText(Path.Combine(PublishedLibrary.Folder, "include", name)), Is.EqualTo(File.ReadAllText(Path.Combine(folder, name))));
    }
}
