using System.CommandLine;
using ReclaimNative.Lab.Scenarios;

namespace ReclaimNative.Cli.Commands;

/// <summary><c>reclaim demo</c>: the main job on built-in data.</summary>
internal static class DemoCommand
{
    private const string Report = "reclaim-report.html";

    public static Command Create()
    {
        OutputOptions output = new(defaultHtml: Report);
        Command command = new(
            "demo",
            $"""
            Runs the built-in demo: a two-node machine with competing processes, one of them a recorded program, under classic, mglru and a third policy. Prints a table and writes {Report} here.

            Example:
              reclaim demo
            """);
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            output.Check(parsed);
            return RunCommand.RunAndWrite(parsed, ScenarioLibrary.Load("demo"), null, output);
        });
        return command;
    }
}
