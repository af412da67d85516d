namespace ReclaimNative.Bindings.Tests;

/// <summary>Prints what calls cost. Times are not asserted: other work on the machine would decide the test.</summary>
internal sealed class CostTests
{
    [Test]
    public void TheCostsOfCallsCanBeMeasured()
    {
        string source = Path.Combine(Repository.Root, "tests", "Bindings.Tests", "cost", "cost.c");
        string program = Path.Combine(PublishedLibrary.Folder, "cost");
        Ended built = Command.Gcc(
            PublishedLibrary.Workplace,
            "-std=c99", "-D_POSIX_C_SOURCE=200809L", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", source, "-o", program,
            "-Iout/include", "-Lout", "-lreclaim", "-Wl,-rpath,$ORIGIN");
        Assert.That(built.Code, Is.Zero, built.ToString);

        Ended run = Command.Run(PublishedLibrary.Workplace, TimeSpan.FromMinutes(2), program);
        Assert.That(run.Code, Is.Zero, run.ToString);
        TestContext.Out.WriteLine(run.Output);
        Assert.That(run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(12));
    }
}
