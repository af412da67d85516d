using System.Diagnostics;
using ReclaimNative.Lab.Tests.Scenarios;

namespace ReclaimNative.Lab.Tests;

/// <summary>The table of docs/policies.md is what its script counts.</summary>
public sealed class LinesOfCodeTests
{
    [Test]
    public void TheTableOfPoliciesIsWhatTheScriptPrints()
    {
        string root = Path.GetDirectoryName(RepositoryFiles.Scenarios)!;
        using Process script = Process.Start(new ProcessStartInfo("bash", [Path.Combine(root, "docs", "lines.sh")]) { RedirectStandardOutput = true })!;
        string printed = script.StandardOutput.ReadToEnd();
        script.WaitForExit();

        Assert.That(script.ExitCode, Is.Zero);
        Assert.That(printed.Split('\n'), Has.Length.GreaterThan(15));
        Assert.That(File.ReadAllText(Path.Combine(root, "docs", "policies.md")), Does.Contain(printed), "docs/lines.sh --write brings it up to date");
    }
}
