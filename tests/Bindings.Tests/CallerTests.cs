using System.Text.RegularExpressions;

namespace ReclaimNative.Bindings.Tests;

/// <summary>The program of tests/Bindings.Tests/c, built as C99 and as C++, against the published header and library.</summary>
internal sealed partial class CallerTests
{
    [Test]
    public void EveryCallKeepsItsContractForAProgramInC99() => BuildAndRun("abi-c", "-x", "c", "-std=c99");

    [Test]
    public void EveryCallKeepsItsContractForAProgramInCpp()
    {
        Ended probe = Command.Gcc(PublishedLibrary.Workplace, "-print-prog-name=cc1plus");
        if (!File.Exists(probe.Output.Trim()))
            Assert.Ignore("This gcc has no C++ compiler; install g++ to run this test.");
        BuildAndRun("abi-cpp", "-x", "c++", "-std=c++11");
    }

    [Test]
    public void TheProgramCallsEveryFunction()
    {
        string sources = string.Concat(Directory.GetFiles(Repository.TestSources, "*.c").Select(File.ReadAllText));
        foreach (string function in HeaderText.Functions())
            Assert.That(sources, Does.Contain(function + "("), "a function that no test calls");
    }

    private static void BuildAndRun(string name, params string[] language)
    {
        string program = Path.Combine(PublishedLibrary.Folder, name);
        string[] arguments =
        [
            .. language, "-D_POSIX_C_SOURCE=200809L", "-O1", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
            .. Directory.GetFiles(Repository.TestSources, "*.c").Order(),
            "-x", "none", "-o", program, "-Iout/include", "-Lout", "-pthread", "-lreclaim", "-Wl,-rpath,$ORIGIN",
        ];
        Ended policy = Command.Gcc(
            PublishedLibrary.Workplace,
            "-std=c99", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-shared", "-fPIC",
            Path.Combine(Repository.Root, "examples", "policies", "fifo.c"), "-o", "out/cfifo.so", "-Iout/include");
        Assert.That(policy.Code, Is.Zero, policy.ToString);
        Ended built = Command.Gcc(PublishedLibrary.Workplace, arguments);
        Assert.That(built.Code, Is.Zero, built.ToString);

        Ended run = Command.Run(PublishedLibrary.Workplace, TimeSpan.FromMinutes(2), program);
        Assert.That(run.Code, Is.Zero, run.ToString);
        Assert.That(run.Errors, Is.Empty, "the library prints nothing");
        Assert.That(run.Output, Does.Match(AllPassed()), "the library prints nothing");
        TestContext.Out.WriteLine(run.Output);
    }

    [GeneratedRegex(@"^[1-9]\d{5,} checks, 0 failed\n$")]
    private static partial Regex AllPassed();
}
