namespace ReclaimNative.Bindings.Tests;

/// <summary>Files of the checkout that the tests run in.</summary>
internal static class Repository
{
    /// <summary>The folder with the solution, found from the test's own upwards.</summary>
    public static string Root { get; } = FindRoot();

    public static string Header => Path.Combine(Root, "src", "Bindings", "include", "reclaim.h");

    public static string TestSources => Path.Combine(Root, "tests", "Bindings.Tests", "c");

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ReclaimNative.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException("No folder above the tests has ReclaimNative.sln.");
    }
}
