using System.Diagnostics;
using System.Text;

namespace ReclaimNative.Cli.Tests.Mount;

/// <summary>A running <c>reclaim mount</c>, in a folder of its own; disposing of it leaves nothing behind.</summary>
internal sealed class MountedCommand : IDisposable
{
    private const int MostMilliseconds = 60_000;

    private readonly Process _process;
    private readonly StringBuilder _error = new();
    private readonly Task<string> _output;

    /// <summary>Starts it on a directory below <paramref name="folder"/>, and waits until it is mounted.</summary>
    public MountedCommand(string folder, string directory, params string[] arguments)
    {
        Folder = folder;
        Directory = Path.Combine(folder, directory);
        string assembly = Path.Combine(AppContext.BaseDirectory, "reclaim.dll");
        ProcessStartInfo start = new("dotnet", ["exec", assembly, "mount", directory, .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_error)
                _error.AppendLine(line.Data);
        };
        _process.BeginErrorReadLine();
        _output = _process.StandardOutput.ReadToEndAsync();
        WaitFor("mounted on");
    }

    /// <summary>The folder that it was started in.</summary>
    public string Folder { get; }

    /// <summary>Where it is mounted.</summary>
    public string Directory { get; }

    /// <summary>The process's number.</summary>
    public int Id => _process.Id;

    /// <summary>What it printed on stderr so far.</summary>
    public string Error
    {
        get
        {
            lock (_error)
                return _error.ToString();
        }
    }

    /// <summary>Waits until it has printed something on stderr.</summary>
    public void WaitFor(string text)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (!Error.Contains(text, StringComparison.Ordinal))
        {
            if (_process.HasExited || waited.ElapsedMilliseconds > MostMilliseconds)
                Assert.Fail($"reclaim mount did not say '{text}', but: {Error}");
            Thread.Sleep(10);
        }
    }

    /// <summary>Runs a line of shell in the mounted directory.</summary>
    public ShellRun Sh(string line) => ShellRun.Of(Directory, line);

    /// <summary>The text of a file.</summary>
    public string Cat(string path)
    {
        ShellRun run = Sh($"cat {path}");
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
        return run.Output;
    }

    /// <summary>Sends it a signal.</summary>
    public void Signal(string name) => Assert.That(ShellRun.Of("/", $"kill -{name} {Id}").ExitCode, Is.Zero);

    /// <summary>Waits for its end.</summary>
    public CommandRun End()
    {
        if (!_process.WaitForExit(MostMilliseconds))
            Assert.Fail($"reclaim mount did not end; stderr so far: {Error}");
        _process.WaitForExit();
        return new CommandRun(_process.ExitCode, _output.Result, Error);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        Mounting.Clear(Directory);
        _process.Dispose();
    }
}
