using System.CommandLine;
using ReclaimNative.Cli.Commands;
using ReclaimNative.Cli.Mount;
using ReclaimNative.Lab.Controllers;
using ReclaimNative.Lab.Fidelity;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Scenarios;
using ReclaimNative.Lab.Traces;
using ReclaimNative.Policies;

namespace ReclaimNative.Cli;

/// <summary>The <c>reclaim</c> command, for programs that bring policies of their own.</summary>
public static class ReclaimCommand
{
    /// <summary>
    /// Runs the command with the policies of <paramref name="shelf"/>: <see cref="PolicyCatalog.Shelf"/> with some more. Prints to the
    /// console as the command does.
    /// </summary>
    /// <returns>The exit code: 0, 1 when something failed, 2 when the arguments are wrong.</returns>
    public static int Run(string[] args, PolicyShelf shelf)
    {
        PolicyCatalog.Shelf = shelf;
        RootCommand root = new("Linux page reclaim in userland: run it on recorded traces and described machines, and see why a policy wins.")
        {
            DemoCommand.Create(),
            CompareCommand.Create(),
            RunCommand.Create(),
            MountCommand.Create(),
            NodeCommand.Create(),
            StressCommand.Create(),
            FidelityCommand.Create(),
            PoliciesCommand.Create(),
            ScenariosCommand.Create(),
        };
        root.SetAction(_ =>
        {
            ShortHelp.Write(Console.Out);
            return ExitCode.Ok;
        });

        try
        {
            ParseResult parsed = root.Parse(args);
            if (parsed.Errors.Count > 0)
                throw new UsageException($"{parsed.Errors[0].Message.TrimEnd('.')}; '{ShortHelp.HelpFor(parsed)}' tells what is accepted");
            InvocationConfiguration plain = new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return parsed.Invoke(plain);
        }
        catch (Exception problem) when (problem is UsageException or MemorySizeException or PolicyException or ControllerException)
        {
            return Report(problem.Message, ExitCode.Usage);
        }
        catch (Exception problem) when (problem is TraceException or TruthException or ScenarioException or ResultFileException or MountException or ReclaimNative.EngineException or IOException or UnauthorizedAccessException)
        {
            return Report(problem.Message, ExitCode.Failed);
        }
        catch (OutOfMemoryException)
        {
            return Report("the system has no memory left for this; a smaller --memory, --pages or trace needs less", ExitCode.Failed);
        }
    }

    private static int Report(string message, int code)
    {
        Console.Error.WriteLine($"reclaim: {message.ReplaceLineEndings(" ")}");
        return code;
    }
}
