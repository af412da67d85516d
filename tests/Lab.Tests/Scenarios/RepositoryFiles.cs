namespace ReclaimNative.Lab.Tests.Scenarios;

/// <summary>The scenarios/ directory of the working copy that the tests were built from.</summary>
internal static class RepositoryFiles
{
    public static string Scenarios { get; } = Path.Combine(Root(), "scenarios");

    private static string Root()
    {
        for (string? at = TestContext.CurrentContext.TestDirectory; at is not null; at = Path.GetDirectoryName(at))
        {
            if (File.Exists(Path.Combine(at, "ReclaimNative.sln")))
                return at;
        }

        throw new InvalidOperationException("no ReclaimNative.sln above the test directory");
    }
}
