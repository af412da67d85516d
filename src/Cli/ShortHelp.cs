using System.CommandLine;
using System.CommandLine.Parsing;

namespace ReclaimNative.Cli;

/// <summary>What <c>reclaim</c> says when it is asked nothing, and where a mistyped command is sent.</summary>
internal static class ShortHelp
{
    public static void Write(TextWriter output) => output.Write(
        """
        reclaim: Linux page reclaim that you can run, link and change, in userland

          reclaim demo                              the main job on built-in data: a table and reclaim-report.html
          reclaim compare --trace FILE...           replay traces under policies and memory sizes
          reclaim run SCENARIO                      a machine with nodes, cgroups and processes
          reclaim mount DIR SCENARIO                its control files as a file system, for shells and daemons
          reclaim node NODES AMOUNT                 one proactive request, and what becomes of it
          reclaim stress                            as many pages as memory holds, on several threads
          reclaim fidelity                          classic and mglru beside what real kernels did
          reclaim policies                          what policies there are
          reclaim scenarios                         what scenarios are built in

        Each command has --help with an example.

        """);

    /// <summary>The help command nearest to what was typed.</summary>
    public static string HelpFor(ParseResult parsed)
    {
        CommandResult command = parsed.CommandResult;
        return command.Command is RootCommand ? "reclaim --help" : $"reclaim {command.Command.Name} --help";
    }
}
