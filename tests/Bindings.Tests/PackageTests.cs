namespace ReclaimNative.Bindings.Tests;

/// <summary>Programs that find the installed library by pkg-config and by CMake, build with it, and run.</summary>
internal sealed class PackageTests
{
    private static string Source => Path.Combine(Repository.Root, "tests", "Bindings.Tests", "package", "workload.c");

    private static string PkgConfigPath => Path.Combine(InstalledLibrary.Lib, "pkgconfig");

    [Test]
    public void PkgConfigFindsTheSharedLibrary()
    {
        string program = BuildByPkgConfig("shared", "reclaim", $"-Wl,-rpath,{InstalledLibrary.Lib}");
        Assert.That(Loaded(program), Does.Contain(Path.Combine(InstalledLibrary.Lib, "")), "the library of this very prefix");
        ItWorks(program);

        Ended version = Command.Run(InstalledLibrary.Lib, TimeSpan.FromSeconds(30), "env", "PKG_CONFIG_PATH=" + PkgConfigPath, "pkg-config", "--modversion", "reclaim", "reclaim-static");
        Assert.That(version.Output, Is.EqualTo(string.Concat(Enumerable.Repeat(HeaderText.Version() + "\n", 2))), version.ToString);
    }

    [Test]
    public void PkgConfigFindsTheArchive()
    {
        string program = BuildByPkgConfig("static", "reclaim-static");
        Assert.That(Loaded(program), Does.Not.Contain("libreclaim"));
        ItWorks(program, bits: 128);
    }

    /// <summary>Where the archive is the only one, --static is enough.</summary>
    [Test]
    public void PkgConfigsStaticHasWhatTheArchiveNeeds()
    {
        RequirePkgConfig();
        string only = Path.Combine(PublishedLibrary.Workplace, "archive-only");
        Directory.CreateDirectory(Path.Combine(only, "lib", "pkgconfig"));
        foreach (string file in new[] { "lib/libreclaim.a", "lib/pkgconfig/reclaim.pc" })
            File.Copy(Path.Combine(InstalledLibrary.Prefix, file), Path.Combine(only, file), overwrite: true);
        string program = Path.Combine(PublishedLibrary.Workplace, "archive-only-program");
        Sh($"gcc -std=c99 -O1 '{Source}' -o '{program}' -I'{InstalledLibrary.Prefix}/include' $(PKG_CONFIG_PATH='{only}/lib/pkgconfig' pkg-config --static --libs reclaim)");
        Assert.That(Loaded(program), Does.Not.Contain("libreclaim"));
        ItWorks(program, bits: 128);
    }

    [Test]
    public void TheArchiveHasTheHeadersFunctionsAndNothingElseToLinkWith()
    {
        Ended nm = Command.Run(InstalledLibrary.Lib, TimeSpan.FromSeconds(30), "nm", "-g", "--defined-only", "--format=posix", "libreclaim.a");
        Assert.That(nm.Code, Is.Zero, nm.ToString);
        string[] symbols = [.. nm.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => !l.EndsWith(':')).Select(l => l.Split(' ')[0])];
        Assert.That(symbols.Except(HeaderText.Functions()), Is.Empty, "not in the header");
        Assert.That(HeaderText.Functions().Except(symbols), Is.Empty, "not in the library");
    }

    [Test]
    public void CMakeFindsTheSharedLibraryAndTheArchive()
    {
        string build = Configure("0.1");
        Ended built = Command.Run(build, TimeSpan.FromMinutes(3), "cmake", "--build", ".");
        Assert.That(built.Code, Is.Zero, built.ToString);

        Assert.That(Loaded(Path.Combine(build, "shared")), Does.Contain(Path.Combine(InstalledLibrary.Lib, "")), "the library of this very prefix");
        ItWorks(Path.Combine(build, "shared"));
        Assert.That(Loaded(Path.Combine(build, "static")), Does.Not.Contain("libreclaim"));
        ItWorks(Path.Combine(build, "static"), bits: 128);
    }

    [TestCase("0.0.9")]
    [TestCase("0.1.1")]
    [TestCase("0.2")]
    [TestCase("1.0")]
    public void CMakeIsToldWhenTheVersionIsAnother(string version) => Configure(version, refusal: "no version was accepted|compatible with requested version|but required is");

    private static string BuildByPkgConfig(string name, string package, string arguments = "")
    {
        RequirePkgConfig();
        string program = Path.Combine(PublishedLibrary.Workplace, name);
        Sh($"PKG_CONFIG_PATH='{PkgConfigPath}'; export PKG_CONFIG_PATH; gcc -std=c99 -O1 -Wall -Wextra -Wpedantic -Werror '{Source}' -o '{program}' "
            + $"$(pkg-config --cflags --libs '{package} >= 0.1') {arguments}");
        return program;
    }

    /// <summary>Configures the project beside the source in a folder of its own.</summary>
    private static string Configure(string version, string? refusal = null)
    {
        foreach (string tool in new[] { "cmake", "make", "g++" })
        {
            if (!Command.Exists(tool))
                Assert.Ignore($"{tool} is not installed (on Debian: apt-get install cmake make g++).");
        }

        string build = Path.Combine(PublishedLibrary.Workplace, "cmake-" + version);
        if (Directory.Exists(build))
            Directory.Delete(build, recursive: true);
        Ended configured = Command.Run(
            PublishedLibrary.Workplace,
            TimeSpan.FromMinutes(3),
            "cmake", "-S", Path.GetDirectoryName(Source)!, "-B", build, $"-DCMAKE_PREFIX_PATH={InstalledLibrary.Prefix}", $"-DWANTED={version}");
        Assert.That(configured.Code, refusal is null ? Is.Zero : Is.Not.Zero, configured.ToString);
        if (refusal is not null)
            Assert.That(configured.Errors, Does.Match(refusal));
        return build;
    }

    private static void RequirePkgConfig()
    {
        if (!Command.Exists("pkg-config"))
            Assert.Ignore("pkg-config is not installed (on Debian: apt-get install pkg-config).");
    }

    private static void Sh(string line)
    {
        Ended built = Command.Run(PublishedLibrary.Workplace, TimeSpan.FromMinutes(3), "sh", "-c", line);
        Assert.That(built.Code, Is.Zero, () => $"{line}: {built}");
    }

    private static string Loaded(string program)
    {
        Ended ldd = Command.Run(PublishedLibrary.Workplace, TimeSpan.FromSeconds(30), "ldd", program);
        Assert.That(ldd.Code, Is.Zero, ldd.ToString);
        return ldd.Output;
    }

    private static void ItWorks(string program, int? bits = null)
    {
        Ended run = Command.Run(PublishedLibrary.Workplace, TimeSpan.FromMinutes(2), program);
        Assert.That(run.Code, Is.Zero, run.ToString);
        Assert.That(run.Output, Does.StartWith($"library {bits ?? VectorWidthTests.Widest}\n").And.Contain("mglru"));
    }
}
