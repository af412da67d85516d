using System.Text.RegularExpressions;

namespace ReclaimNative.Tests;

/// <summary>Dependencies inside the engine point down the list of design section 2.</summary>
public partial class ArchitectureTests
{
    /// <summary>Top to bottom. A folder may use those below it, never one above.</summary>
    private static readonly string[] Order =
        ["Control", "Reclaim", "Policies", "Mechanisms", "Machine", "PageTables", "Lru", "Frames", "Observe", "Filters", "Simd", "Concurrency", "Memory"];

    /// <summary>The last four know nothing of pages, nor of each other save that all may take memory.</summary>
    private static readonly string[] Foundations = ["Filters", "Simd", "Concurrency", "Memory"];

    /// <summary>The engine's face, in the root folder, composes everything.</summary>
    private const string Face = "";

    [Test]
    public void NoFolderUsesOneAboveIt()
    {
        List<string> upward = [];
        foreach ((string folder, string file, string text) in Sources())
        {
            foreach (string used in Uses(text))
            {
                if (folder != Face && Rank(used) < Rank(folder))
                    upward.Add($"{file} uses {used}");
            }
        }

        Assert.That(upward, Is.Empty);
    }

    /// <summary>Filters know of vectors as well: the width is chosen there.</summary>
    [Test]
    public void FoundationsUseMemoryAlone()
    {
        string[] sideways = [.. Sources()
            .Where(s => Foundations.Contains(s.Folder))
            .SelectMany(s => Uses(s.Text).Where(used => used != s.Folder && used != "Memory" && (s.Folder, used) != ("Filters", "Simd")).Select(used => $"{s.File} uses {used}"))];

        Assert.That(sideways, Is.Empty);
    }

    [Test]
    public void EveryFileIsInTheNamespaceOfItsFolderAndEveryFolderInTheList()
    {
        List<string> wrong = [];
        foreach ((string folder, string file, string text) in Sources())
        {
            string expected = folder == Face ? "namespace ReclaimNative;" : $"namespace ReclaimNative.{folder};";
            if (!text.Contains(expected, StringComparison.Ordinal))
                wrong.Add($"{file} is not in {expected}");
            if (folder != Face && !Order.Contains(folder))
                wrong.Add($"{file} is in a folder that the design does not have");
        }

        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public void TheEngineKnowsNeitherFilesOnDiskNorItsUsers()
    {
        // But for two that are about files: a policy's library, and the note of what it is doing that outlives the process.
        string[] allowed = ["Policies/Foreign/ForeignPolicySource.cs", "Policies/PolicyProgressFile.cs"];
        string[] found = [.. Sources().Where(s => !allowed.Contains(s.File)).SelectMany(s => Forbidden().Matches(s.Text).Select(m => $"{s.File}: {m.Value}"))];

        Assert.That(found, Is.Empty);
    }

    [Test]
    public void OnlyMemoryAllocatesNativeMemory()
    {
        string[] found = [.. Sources().Where(s => s.Folder != "Memory").Where(s => NativeAllocation().IsMatch(s.Text)).Select(s => s.File)];

        Assert.That(found, Is.Empty);
    }

    [Test]
    public void TheTestsSeeTheUsesThatTheyLookFor()
    {
        const string Text = "using ReclaimNative.Lru;\nusing static ReclaimNative.Reclaim.X;\nclass A { Machine.Node n; ReclaimNative.Policies.Verdict v; }";

        Assert.That(string.Join(' ', Uses(Text)), Is.EqualTo("Lru Reclaim Machine Policies"));
    }

    private static int Rank(string folder) => Array.IndexOf(Order, folder);

    /// <summary>Folders that a file names: by using directives, by full names, and by names that start at a folder.</summary>
    private static IEnumerable<string> Uses(string text) =>
        UseOfFolder().Matches(Comment().Replace(text, "")).Select(m => m.Groups[1].Value).Where(Order.Contains).Distinct();

    private static IEnumerable<(string Folder, string File, string Text)> Sources()
    {
        string root = Root();
        foreach (string path in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories))
        {
            string file = Path.GetRelativePath(root, path).Replace('\\', '/');
            if (file.StartsWith("obj/", StringComparison.Ordinal) || file.StartsWith("bin/", StringComparison.Ordinal))
                continue;
            string folder = file.Contains('/') ? file[..file.IndexOf('/')] : Face;
            yield return (folder, file, File.ReadAllText(path));
        }
    }

    private static string Root()
    {
        for (DirectoryInfo? at = new(TestContext.CurrentContext.TestDirectory); at is not null; at = at.Parent)
        {
            string candidate = Path.Combine(at.FullName, "src", "Core.Unsafe");
            if (Directory.Exists(candidate))
                return candidate;
        }

        throw new DirectoryNotFoundException("src/Core.Unsafe is not above the test's directory.");
    }

    [GeneratedRegex(@"(?:(?<!\.)\bReclaimNative\.|(?<![\w.\]>)])(?=[A-Z]\w*\.[A-Z]))(\w+)")]
    private static partial Regex UseOfFolder();

    [GeneratedRegex(@"//[^\n]*|""(?:[^""\\\n]|\\.)*""")]
    private static partial Regex Comment();

    [GeneratedRegex(@"System\.IO\b|\bFileStream\b|\bFile\.(?:Open|Read|Write|Exists|Create)\w*|ReclaimNative\.(?:Lab|Cli|Bindings)\b")]
    private static partial Regex Forbidden();

    [GeneratedRegex(@"NativeMemory\.|Marshal\.Alloc|""mmap""|""munmap""")]
    private static partial Regex NativeAllocation();
}
