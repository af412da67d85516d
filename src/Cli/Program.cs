using System.CommandLine;
using ReclaimNative.Cli;
using ReclaimNative.Cli.Commands;
using ReclaimNative.Lab.Fidelity;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Scenarios;
using ReclaimNative.Lab.Traces;
using ReclaimNative.Policies;

RootCommand root = new("Linux page reclaim in userland: run it on recorded traces and described machines, and see why a policy wins.")
{
    DemoCommand.Create(),
    CompareCommand.Create(),
    RunCommand.Create(),
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
catch (Exception problem) when (problem is UsageException or MemorySizeException or PolicyException)
{
    return Report(problem.Message, ExitCode.Usage);
}
catch (Exception problem) when (problem is TraceException or TruthException or ScenarioException or ResultFileException or ReclaimNative.EngineException or IOException or UnauthorizedAccessException)
{
    return Report(problem.Message, ExitCode.Failed);
}
catch (OutOfMemoryException)
{
    return Report("the system has no memory left for this; a smaller --memory, --pages or trace needs less", ExitCode.Failed);
}

static int Report(string message, int code)
{
    Console.Error.WriteLine($"reclaim: {message.ReplaceLineEndings(" ")}");
    return code;
}
