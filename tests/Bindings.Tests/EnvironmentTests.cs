namespace ReclaimNative.Bindings.Tests;

/// <summary>What the environment of the host's process does to the library: the runtime in it reads variables that begin with DOTNET_GC.</summary>
internal sealed class EnvironmentTests
{
    private static string Program => Path.Combine(PublishedLibrary.Folder, "environment");

    [OneTimeSetUp]
    public void Build()
    {
        Ended built = Command.Gcc(
            PublishedLibrary.Workplace,
            "-std=c99", "-O1", Path.Combine(Repository.Root, "examples", "c", "first.c"), "-o", Program,
            "-Iout/include", "-Lout", "-lreclaim", "-Wl,-rpath,$ORIGIN");
        Assert.That(built.Code, Is.Zero, built.ToString);
    }

    [TestCase("-i", TestName = "ItNeedsNoVariable")]
    [TestCase("DOTNET_gcServer=1")]
    [TestCase("DOTNET_GCgen0size=zz")]
    [TestCase("DOTNET_TieredCompilation=x")]
    [TestCase("DOTNET_EnableDiagnostics=1")]
    [TestCase("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=maybe")]
    public void ItIsTheSameWith(string variable)
    {
        Ended plain = Command.Run(PublishedLibrary.Workplace, TimeSpan.FromMinutes(1), Program);
        Ended run = Command.Run(PublishedLibrary.Workplace, TimeSpan.FromMinutes(1), "env", variable, Program);
        Assert.That(run, Is.EqualTo(plain));
        Assert.That(run.Code, Is.Zero, run.ToString);
    }

    /// <summary>The one that is known to end the process, and the header says so: a limit below what the runtime starts with.</summary>
    [Test]
    public void AHeapLimitTooSmallEndsTheProcessAtTheFirstCall()
    {
        Ended run = Command.Run(PublishedLibrary.Workplace, TimeSpan.FromMinutes(1), "env", "DOTNET_GCHeapHardLimit=bad", Program);
        Assert.That(run.Code, Is.EqualTo(128 + 6), "0xbad bytes; when this passes the header's sentence on it can go");
        Assert.That(run.Output, Is.Empty);
    }
}
