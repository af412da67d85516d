using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Observe;

namespace ReclaimNative.Bindings.Tests;

/// <summary>The header as the manual: what it says of every function, and that the library has the same numbers.</summary>
internal sealed class HeaderTests
{
    private static readonly string[] LastLines = ["Errors:   ", "Threads:  ", "Blocking: ", "Allocates: ", "Since: "];

    [Test]
    public void EveryFunctionSaysErrorsThreadsBlockingAllocatesSinceInThisOrder()
    {
        (string Function, string Comment)[] comments = HeaderText.Comments();
        Assert.That(comments.Select(c => c.Function), Is.EqualTo(HeaderText.Functions()), "every function has a comment");
        foreach ((string function, string comment) in comments)
        {
            int[] at = [.. LastLines.Select(line => comment.IndexOf(line, StringComparison.Ordinal))];
            Assert.That(at, Has.All.GreaterThan(0), function);
            Assert.That(at, Is.Ordered, function);
        }
    }

    [Test]
    public void TheDebianPackageHasTheHeadersFunctionsAndVersion()
    {
        string folder = Path.Combine(Repository.Root, "debian");
        string[] symbols = [.. File.ReadAllLines(Path.Combine(folder, "libreclaim0.symbols")).Where(line => line.StartsWith(" reclaim_"))];
        Assert.That(symbols.Select(line => line[1..line.IndexOf('@')]), Is.EqualTo(HeaderText.Functions().Order(StringComparer.Ordinal)));
        Assert.That(File.ReadLines(Path.Combine(folder, "changelog")).First(), Does.StartWith($"reclaimnative ({HeaderText.Version()})"));
    }

    [Test]
    public void EveryStatusOfTheHeaderIsTheLibrarysStatus()
    {
        var inHeader = System.Text.RegularExpressions.Regex
            .Matches(HeaderText.Text, @"^#define (RECLAIM_(?:OK|E_\w+)) \(?(-?\d+)\)?", System.Text.RegularExpressions.RegexOptions.Multiline)
            .ToDictionary(m => m.Groups[1].Value, m => int.Parse(m.Groups[2].Value));
        Assert.That(inHeader, Has.Count.EqualTo(typeof(Status).GetFields().Length));
        foreach ((string name, int number) in inHeader)
            Assert.That(System.Text.Encoding.UTF8.GetString(Status.NameOf(number)), Is.EqualTo(name));
    }

    [Test]
    public void EveryEventOfTheHeaderIsTheTracepointOfItsName()
    {
        var inHeader = System.Text.RegularExpressions.Regex
            .Matches(HeaderText.Text, @"^#define RECLAIM_TRACE_(\w+) 0x([0-9a-f]+)u", System.Text.RegularExpressions.RegexOptions.Multiline)
            .ToDictionary(m => m.Groups[1].Value, m => Convert.ToInt32(m.Groups[2].Value, 16));
        var inCore = Enum.GetValues<Tracepoint>().Where(t => t != Tracepoint.None).ToDictionary(
            t => t.ToString().Replace("_reclaim_", "_", StringComparison.Ordinal).Replace("lru_shrink_", "shrink_", StringComparison.Ordinal).ToUpperInvariant(),
            t => (int)t);
        Assert.That(inHeader, Is.EquivalentTo(inCore));
    }
}
