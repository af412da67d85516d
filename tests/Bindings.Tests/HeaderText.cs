using System.Text.RegularExpressions;

namespace ReclaimNative.Bindings.Tests;

/// <summary>reclaim.h as text.</summary>
internal static partial class HeaderText
{
    public static string Text { get; } = File.ReadAllText(Repository.Header);

    /// <summary>The functions that it declares, in order.</summary>
    public static string[] Functions() => [.. Declaration().Matches(Text).Select(m => m.Groups["name"].Value)];

    /// <summary>The version that it is of, such as 0.1.0.</summary>
    public static string Version()
    {
        int number = int.Parse(VersionNumber().Match(Text).Groups[1].Value);
        return $"{number / 1_000_000}.{number / 1000 % 1000}.{number % 1000}";
    }

    /// <summary>Each function with the comment above it.</summary>
    public static (string Function, string Comment)[] Comments() =>
        [.. CommentedDeclaration().Matches(Text).Select(m => (m.Groups["name"].Value, m.Groups["comment"].Value))];

    [GeneratedRegex(@"^#define RECLAIM_VERSION_NUMBER (\d+)", RegexOptions.Multiline)]
    private static partial Regex VersionNumber();

    [GeneratedRegex(@"^(?:int32_t|uint32_t|const char \*) ?\*?(?<name>reclaim_\w+)\(", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"/\*(?<comment>(?:(?!\*/)[\s\S])*)\*/\n(?:int32_t|uint32_t|const char \*) ?\*?(?<name>reclaim_\w+)\(")]
    private static partial Regex CommentedDeclaration();
}
