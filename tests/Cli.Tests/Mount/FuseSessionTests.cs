using System.Diagnostics;
using ReclaimNative.Cli.Mount;
using ReclaimNative.Control;

namespace ReclaimNative.Cli.Tests.Mount;

/// <summary>A mount of a made-up tree, served by this process and used by others.</summary>
[NonParallelizable]
public sealed class FuseSessionTests
{
    private readonly Lock _turn = new();
    private string _folder = "";
    private string _mount = "";
    private FakeTree _files = null!;
    private FuseTree _tree = null!;
    private FuseSession _session = null!;
    private Thread _server = null!;
    private Exception? _failure;

    [SetUp]
    public void Mount()
    {
        Mounting.SkipUnlessPossible();
        _folder = Directory.CreateTempSubdirectory("reclaim-fuse-").FullName;
        _mount = Directory.CreateDirectory(Path.Combine(_folder, "mnt")).FullName;
        _files = new FakeTree();
        _tree = new FuseTree(_files, _ => { });
        _session = new FuseSession(FuseLibrary.Load(), _mount, _tree);
        _failure = null;
        _server = new Thread(Serve) { IsBackground = true };
        _server.Start();
    }

    [TearDown]
    public void Unmount()
    {
        if (_folder.Length == 0)
            return;
        Mounting.Clear(_mount);
        _server.Join();
        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public void OneWriteOfAProgramIsOneWriteOfTheFile()
    {
        ShellRun run = Sh("echo one > sys/command; echo two >> sys/command; printf 'three\\nfour\\n' > sys/command; : > sys/command");

        Assert.That(run, Is.EqualTo(new ShellRun(0, "", "")));
        Assert.That(_files.Written, Is.EqualTo(["one\n", "two\n", "three\nfour\n"]));
    }

    [Test]
    public void AsLongAWriteAsAFileTakesArrivesInOnePiece()
    {
        ShellRun run = Sh("head -c 65536 /dev/zero | dd iflag=fullblock bs=65536 of=sys/kernel/debug/list status=none; head -c 65537 /dev/zero | dd iflag=fullblock bs=65537 of=sys/kernel/debug/list");

        Assert.That(_files.Written.Select(t => t.Length), Is.EqualTo([65536]));
        Assert.That(run.Error, Does.Contain("Argument list too long"));
    }

    [TestCase(ControlError.Invalid, "Invalid argument")]
    [TestCase(ControlError.Again, "Resource temporarily unavailable")]
    [TestCase(ControlError.Busy, "Device or resource busy")]
    [TestCase(ControlError.Interrupted, "Interrupted system call")]
    [TestCase(ControlError.Range, "Numerical result out of range")]
    [TestCase(ControlError.NotSupported, "Operation not supported")]
    public void TheErrorOfAFileIsThatOfTheWrite(ControlError error, string text)
    {
        _files.Refusal = new ControlException(error, "no");
        ShellRun run = Sh("/bin/echo 1 > sys/command");

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((1, $"/bin/echo: write error: {text}\n")));
    }

    [Test]
    public void AFileThatFailsEndsTheServing()
    {
        _files.Refusal = new InvalidOperationException("a broken file");
        ShellRun run = Sh("/bin/echo 1 > sys/command");

        Assert.That(run.Error, Does.Contain("Input/output error"));
        Assert.That(_server.Join(5000), Is.True);
        Assert.That(_failure?.Message, Does.Contain("a broken file"));
    }

    [Test]
    public void NothingIsCached()
    {
        Assert.That(Sh("cat sys/counter; cat sys/counter; exec 3< sys/counter; cat <&3; cat sys/counter").Output, Is.EqualTo("1\n2\n3\n4\n"));
    }

    [Test]
    public void ManyReadersAtOnceEachReadAWholeText()
    {
        ShellRun run = Sh("for reader in 1 2 3 4 5 6 7 8; do (i=0; while [ $i -lt 25 ]; do cat sys/constant; i=$((i+1)); done) & done; wait");

        Assert.That(run.Output.Split("second line\n"), Has.Length.EqualTo(201));
        Assert.That(run.Output.Split('\n')[..^1].Distinct(), Is.EquivalentTo(FakeTree.Text.Split('\n')[..^1]));
        Assert.That(() => _files.Open, Is.Zero.After(2000, 10), "all are released");
    }

    [Test]
    public void AnEventWakesWhoPollsForIt()
    {
        using Process waiter = ShellRun.Start(_mount, CProgram.Build(_folder, "wait_for_event.c"), ["sys/counter", "", "2", "20000"]);
        Assert.That(waiter.StandardOutput.ReadLine(), Is.EqualTo("waiting"));
        Thread.Sleep(200);
        Assert.That(waiter.HasExited, Is.False, "there was no event yet");

        // At its time's end poll(2) asks once more by itself: an event that comes then has woken nobody.
        Stopwatch passed = Stopwatch.StartNew();
        Happen();
        Assert.That(waiter.StandardOutput.ReadLine(), Is.EqualTo("event"));
        Assert.That(passed.Elapsed, Is.LessThan(TimeSpan.FromSeconds(10)));
        Thread.Sleep(200);
        Assert.That(waiter.HasExited, Is.False, "one event is reported once");

        Happen();
        Assert.That(waiter.StandardOutput.ReadToEnd(), Is.EqualTo("event\n"));
        waiter.WaitForExit();
        Assert.That(waiter.ExitCode, Is.Zero);
    }

    [Test]
    public void AKilledWaiterIsForgotten()
    {
        using (Process waiter = ShellRun.Start(_mount, CProgram.Build(_folder, "wait_for_event.c"), ["sys/counter", "", "1", "20000"]))
        {
            Assert.That(waiter.StandardOutput.ReadLine(), Is.EqualTo("waiting"));
            waiter.Kill();
            waiter.WaitForExit();
        }

        Assert.That(() => _files.Open, Is.Zero.After(2000, 10));
        Happen();
        Assert.That(Sh("cat sys/constant").Output, Is.EqualTo(FakeTree.Text));
    }

    private ShellRun Sh(string line) => ShellRun.Of(_mount, line);

    private void Happen()
    {
        lock (_turn)
            _files.Events++;
    }

    private void Serve()
    {
        try
        {
            while (_session.IsMounted)
            {
                bool asked = _session.Wait(5);
                lock (_turn)
                {
                    if (asked)
                        _session.Serve();
                    _tree.WakeWaiters();
                }
            }
        }
        catch (InvalidOperationException failure)
        {
            _failure = failure;
        }

        _session.Dispose();
    }
}
