namespace ReclaimNative.Cli.Tests.Mount;

/// <summary>Programs in C beside these tests.</summary>
internal static class CProgram
{
    /// <summary>Compiles <paramref name="source"/>, with further options for gcc if wanted.</summary>
    /// <returns>The program's path.</returns>
    public static string Build(string folder, string source, params string[] options)
    {
        string program = Path.Combine(folder, Path.GetFileNameWithoutExtension(source));
        string path = Path.Combine(CPolicyLibrary.Root, "tests", "Cli.Tests", "Mount", source);
        ShellRun compiled = ShellRun.Of(folder, "gcc", ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", path, "-o", program, .. options]);
        Assert.That(compiled.ExitCode, Is.Zero, compiled.Error);
        return program;
    }
}
