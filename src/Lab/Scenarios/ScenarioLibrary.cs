namespace ReclaimNative.Lab.Scenarios;

/// <summary>The scenarios that come with the program: YAML files in a <c>scenarios</c> folder beside it.</summary>
public static class ScenarioLibrary
{
    private const string Extension = ".yaml";

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "scenarios");

    /// <summary>Their names in alphabetical order.</summary>
    public static IReadOnlyList<string> Names => Directory.Exists(Folder)
        ? [.. Directory.EnumerateFiles(Folder, "*" + Extension).Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Reads a built-in scenario by its name, or any other from its file.</summary>
    /// <exception cref="ScenarioException">There is neither, or the file is no scenario.</exception>
    public static Scenario Load(string nameOrFile)
    {
        if (Names.Contains(nameOrFile))
            return ScenarioReader.Load(Path.Combine(Folder, nameOrFile + Extension));
        bool isName = !nameOrFile.Contains('/') && !nameOrFile.Contains('.');
        if (isName && !File.Exists(nameOrFile))
            throw new ScenarioException(nameOrFile, 0, $"there is no such built-in scenario and no such file; there are {string.Join(", ", Names)}");
        return ScenarioReader.Load(nameOrFile);
    }
}
