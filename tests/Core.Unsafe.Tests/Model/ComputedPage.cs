using System.Runtime.CompilerServices;

namespace ReclaimNative.Tests.Model;

/// <summary>A page of docs of which a part is computed by a test: compared with what it says, or, with RECLAIM_WRITE_DOCS=1, written.</summary>
internal static class ComputedPage
{
    private const string Begin = "<!-- computed -->";
    private const string End = "<!-- /computed -->";

    /// <summary>The whole page.</summary>
    public static string Read(string name) => File.ReadAllText(PathOf(name));

    /// <summary>Fails when the computed part of a page says something else.</summary>
    public static void Says(string name, string computed)
    {
        string page = Read(name);
        int from = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int to = page.IndexOf(End, StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable("RECLAIM_WRITE_DOCS") == "1")
            File.WriteAllText(PathOf(name), page[..from] + computed + page[to..]);
        else
            Assert.That(page[from..to], Is.EqualTo(computed), "run this test with RECLAIM_WRITE_DOCS=1 to bring the page up to date");
    }

    private static string PathOf(string name, [CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../docs", name));
}
