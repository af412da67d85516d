using System.Text.RegularExpressions;

namespace ReclaimNative.Bindings.Tests;

/// <summary>A program of examples/c, built by the command that stands at its top.</summary>
internal static partial class Example
{
    /// <summary>Builds examples/c/NAME.c and returns the program's path.</summary>
    public static string Build(string name)
    {
        string source = File.ReadAllText(Path.Combine(Repository.Root, "examples", "c", name + ".c"));
        string gcc = GccLine().Match(source).Value;
        Assert.That(gcc, Does.Contain("-std=c99 -Wall -Wextra -Wpedantic -Werror"));
        Ended built = Command.Run(PublishedLibrary.Workplace, TimeSpan.FromMinutes(2), "sh", "-c", gcc);
        Assert.That(built.Code, Is.Zero, () => $"{gcc}: {built}");
        Assert.That(built.Errors, Is.Empty);
        Assert.That(source.Count(c => c == '\n'), Is.LessThan(150), "an example is read in one go");
        return Path.Combine(PublishedLibrary.Folder, name);
    }

    /// <summary>Builds and runs examples/c/NAME.c and returns what it prints; it has to succeed and print no error.</summary>
    public static string Output(string name)
    {
        Ended run = Command.Run(PublishedLibrary.Workplace, TimeSpan.FromMinutes(1), Build(name));
        TestContext.Out.WriteLine(run.Output);
        Assert.That(run.Code, Is.Zero, run.ToString);
        Assert.That(run.Errors, Is.Empty);
        return run.Output;
    }

    /// <summary>The whole numbers of the first line that a text has with this start, in order.</summary>
    public static long[] Numbers(string output, string lineStart)
    {
        string? line = output.Split('\n').FirstOrDefault(l => l.StartsWith(lineStart, StringComparison.Ordinal));
        Assert.That(line, Is.Not.Null, () => $"no line starts with '{lineStart}':\n{output}");
        return [.. Number().Matches(line![lineStart.Length..]).Select(m => long.Parse(m.Value))];
    }

    [GeneratedRegex(@"gcc -.*")]
    private static partial Regex GccLine();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();
}
