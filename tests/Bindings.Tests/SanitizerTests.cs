namespace ReclaimNative.Bindings.Tests;

/// <summary>The program of tests/Bindings.Tests/c under AddressSanitizer and UndefinedBehaviorSanitizer: what it and the library do to each other's memory.</summary>
internal sealed class SanitizerTests
{
    /// <summary>
    /// Told apart from leaks of the program: what the runtime in the library allocates once and keeps as long as the process. That the library
    /// itself does not grow is for abi_process.c.
    /// </summary>
    private const string Suppressions = "leak:libreclaim.so\n";

    [Test]
    public void TheProgramIsCleanUnderAddressAndUndefinedBehaviorSanitizer()
    {
        Command.RequireGcc();
        string probe = Path.Combine(PublishedLibrary.Folder, "probe.c");
        File.WriteAllText(probe, "int main(void) { return 0; }\n");
        if (Command.Gcc(PublishedLibrary.Workplace, "-fsanitize=address,undefined", probe, "-o", "out/probe").Code != 0)
            Assert.Ignore("This gcc has no libasan and libubsan; install them to run this test.");

        string suppressions = Path.Combine(PublishedLibrary.Folder, "leaks.txt");
        File.WriteAllText(suppressions, Suppressions);
        Ended built = Command.Gcc(
            PublishedLibrary.Workplace,
            [
                "-x", "c", "-std=c99", "-D_POSIX_C_SOURCE=200809L", "-O1", "-g", "-fno-omit-frame-pointer",
                "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined",
                .. Directory.GetFiles(Repository.TestSources, "*.c").Order(),
                "-x", "none", "-o", "out/abi-sanitized", "-Iout/include", "-Lout", "-pthread", "-lreclaim", "-Wl,-rpath,$ORIGIN",
            ]);
        Assert.That(built.Code, Is.Zero, built.ToString);

        // The fault of abi_process.c is the host's own; the sanitizer's handler is to leave it to it.
        Ended run = Command.Run(
            PublishedLibrary.Workplace, TimeSpan.FromMinutes(2), "env",
            "ASAN_OPTIONS=handle_segv=1:allow_user_segv_handler=1", $"LSAN_OPTIONS=suppressions={suppressions}:print_suppressions=0",
            "out/abi-sanitized");
        TestContext.Out.WriteLine(run.Output);
        Assert.That(run.Errors, Is.Empty, run.ToString);
        Assert.That(run.Code, Is.Zero, run.ToString);
    }
}
