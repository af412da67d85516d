using System.CommandLine;
using ReclaimNative.Lab.Scenarios;

namespace ReclaimNative.Cli.Commands;

/// <summary><c>reclaim scenarios</c>: what is built in.</summary>
internal static class ScenariosCommand
{
    public static Command Create()
    {
        Command command = new(
            "scenarios",
            """
            Lists the built-in scenarios.

            Example:
              reclaim scenarios
            """);
        command.SetAction(_ =>
        {
            foreach (string name in ScenarioLibrary.Names)
                Console.WriteLine($"{name,-21} {ScenarioLibrary.Load(name).Summary}");
            return ExitCode.Ok;
        });
        return command;
    }
}
