using Spectre.Console;

namespace ReclaimNative.Cli.Commands;

/// <summary>
/// Runs long work with a progress bar on stderr where that is a terminal, silently otherwise; Ctrl-C asks the work to
/// stop, a second one ends the process.
/// </summary>
internal static class ProgressBar
{
    /// <summary>Runs <paramref name="work"/>, which reports what it does now and how many of <paramref name="total"/> steps are done.</summary>
    public static (T Result, bool Interrupted) Run<T>(long total, Func<Action<string>, Action<int>, CancellationToken, T> work)
    {
        using CancellationTokenSource stop = new();
        ConsoleCancelEventHandler onCancel = (_, e) =>
        {
            e.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        };
        Console.CancelKeyPress += onCancel;
        try
        {
            T result = Console.IsErrorRedirected ? work(_ => { }, _ => { }, stop.Token) : RunWithBar(total, work, stop.Token);
            return (result, stop.IsCancellationRequested);
        }
        finally
        {
            Console.CancelKeyPress -= onCancel;
        }
    }

    private static T RunWithBar<T>(long total, Func<Action<string>, Action<int>, CancellationToken, T> work, CancellationToken stop)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                ProgressTask task = context.AddTask("starting", maxValue: Math.Max(1, total));
                return work(what => task.Description = Markup.Escape(what), steps => task.Increment(steps), stop);
            });
    }
}
