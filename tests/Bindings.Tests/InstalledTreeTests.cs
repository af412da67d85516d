namespace ReclaimNative.Bindings.Tests;

/// <summary>What <c>-t:Install</c> lays out.</summary>
internal sealed class InstalledTreeTests
{
    [Test]
    public void TheTreeIsTheOneOfTheDocument()
    {
        string document = File.ReadAllText(Path.Combine(Repository.Root, "docs", "c-abi.md"));
        string block = document.Split("```").Single(part => part.Contains("\ninclude/reclaim.h\n"));
        string[] listed = [.. block.Split('\n').Skip(1).Select(line => line.Trim()).Where(line => line.Length > 0)];
        Assert.That(Tree(InstalledLibrary.Prefix), Is.EquivalentTo(listed));
    }

    [Test]
    public void TheHeadersAreTheSourcesHeaders([Values("published", "installed")] string where)
    {
        string from = Path.GetDirectoryName(Repository.Header)!;
        string to = Path.Combine(where == "published" ? PublishedLibrary.Folder : InstalledLibrary.Prefix, "include");
        foreach (string name in new[] { "reclaim.h", "reclaim_policy.h" })
            Assert.That(File.ReadAllText(Path.Combine(to, name)), Is.EqualTo(File.ReadAllText(Path.Combine(from, name))));
    }

    [Test]
    public void EveryoneMayReadItAndOnlyItsOwnerWrite()
    {
        Ended find = Command.Run(InstalledLibrary.Prefix, TimeSpan.FromSeconds(30), "find", ".", "-type", "f", "!", "-perm", "644");
        Assert.That(find.Code, Is.Zero, find.ToString);
        Assert.That(find.Output, Is.Empty);
    }

    /// <summary>A distribution has its libraries in a folder for each architecture, and stages what it packs.</summary>
    [Test]
    public void LibDirAndDestDirAreHonoured()
    {
        string stage = Path.Combine(PublishedLibrary.Workplace, "stage");
        if (Directory.Exists(stage))
            Directory.Delete(stage, recursive: true);
        Ended install = InstalledLibrary.Dotnet("-p:Prefix=/usr", "-p:LibDir=lib/x86_64-linux-gnu", $"-p:DestDir={stage}");
        Assert.That(install.Code, Is.Zero, install.ToString);

        string[] tree = [.. Tree(InstalledLibrary.Prefix).Select(line => line.StartsWith("lib/") ? "lib/x86_64-linux-gnu/" + line[4..] : line)];
        Assert.That(Tree(Path.Combine(stage, "usr")), Is.EquivalentTo(tree));
        foreach (string text in Directory.GetFiles(stage, "reclaim*.pc", SearchOption.AllDirectories).Concat(Directory.GetFiles(stage, "*.cmake", SearchOption.AllDirectories)))
        {
            Assert.That(File.ReadAllText(text), Does.Not.Contain(stage).And.Not.Match("@[A-Z]+@"), text);
            if (!text.EndsWith("Version.cmake"))
                Assert.That(File.ReadAllText(text), Does.Contain("../../..").And.Contain("/lib/x86_64-linux-gnu"), text);
        }
    }

    [TestCase("", "-p:Prefix=... is where to install: an absolute path")]
    [TestCase("-p:Prefix=usr", "-p:Prefix=... is where to install: an absolute path")]
    [TestCase("-p:Prefix=/usr -p:LibDir=/usr/lib", "LibDir is relative to Prefix")]
    [TestCase("-p:Prefix=/usr -p:DestDir=stage", "DestDir is an absolute path")]
    public void PlacesThatMakeNoSenseAreRefused(string properties, string problem)
    {
        Ended install = InstalledLibrary.Dotnet(properties.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.That(install.Code, Is.Not.Zero);
        Assert.That(install.Output, Does.Contain(problem));
    }

    /// <summary>All files, and links with what they point at, relative to a folder.</summary>
    private static IEnumerable<string> Tree(string folder) =>
        from file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
        let target = new FileInfo(file).LinkTarget
        select Path.GetRelativePath(folder, file) + (target is null ? "" : " -> " + target);
}
