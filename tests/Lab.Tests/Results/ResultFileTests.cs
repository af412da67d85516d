using ReclaimNative.Lab.Results;

namespace ReclaimNative.Lab.Tests.Results;

public class ResultFileTests
{
    private string _directory = "";

    [SetUp]
    public void MakeDirectory() => _directory = Directory.CreateTempSubdirectory("reclaim-results-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public void AFileIsWrittenWhereThereWasNone()
    {
        ResultFile.Write(In("new.json"), stream => stream.Write("whole"u8));

        Assert.That(File.ReadAllText(In("new.json")), Is.EqualTo("whole"));
    }

    [Test]
    public void AWriteThatFailsLeavesTheOldFileAndNothingElse()
    {
        File.WriteAllText(In("r.json"), "old");

        Assert.That(() => ResultFile.Write(In("r.json"), FailHalfway), Throws.TypeOf<ResultFileException>());
        Assert.That(File.ReadAllText(In("r.json")), Is.EqualTo("old"));
        Assert.That(Directory.GetFiles(_directory), Has.Length.EqualTo(1));
    }

    [Test]
    public void AShorterResultReplacesALongerOneWhole()
    {
        File.WriteAllText(In("r.json"), "long old text");
        ResultFile.Write(In("r.json"), stream => stream.Write("new"u8));

        Assert.That(File.ReadAllText(In("r.json")), Is.EqualTo("new"));
    }

    [Test]
    public void ALinkStaysALinkAndItsTargetIsWritten()
    {
        File.WriteAllText(In("target.json"), "old");
        File.CreateSymbolicLink(In("link.json"), "target.json");
        ResultFile.Write(In("link.json"), stream => stream.Write("new"u8));

        Assert.That(new FileInfo(In("link.json")).LinkTarget, Is.EqualTo("target.json"));
        Assert.That(File.ReadAllText(In("target.json")), Is.EqualTo("new"));
    }

    // A descriptor stands for all devices: were it replaced by a rename, that would fail. /dev/null would really be replaced.
    [Test]
    public void ADeviceIsWrittenToAndNotReplaced()
    {
        using FileStream open = new(In("open"), FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite);
        ResultFile.Write($"/proc/self/fd/{open.SafeFileHandle.DangerousGetHandle()}", stream => stream.Write("through"u8));

        Assert.That(new FileInfo(In("open")).Length, Is.EqualTo("through".Length));
    }

    [Test]
    public void AMissingDirectoryIsNamedInOneLine() => Assert.That(
        () => ResultFile.Write(In("none/r.json"), _ => { }),
        Throws.TypeOf<ResultFileException>().With.Message
            .EqualTo($"cannot write '{In("none/r.json")}': there is no directory '{In("none")}'"));

    [Test]
    public void ADirectoryInPlaceOfAFileIsSaidToBeOne() => Assert.That(
        () => ResultFile.Write(_directory, _ => { }),
        Throws.TypeOf<ResultFileException>().With.Message.EqualTo($"cannot write '{_directory}': it is a directory"));

    [Test]
    public void ARefusalByTheSystemIsPermissionDenied() => Assert.That(
        () => ResultFile.Write(In("r.json"), _ => throw new UnauthorizedAccessException("Access to the path is denied.")),
        Throws.TypeOf<ResultFileException>().With.Message.EqualTo($"cannot write '{In("r.json")}': permission denied"));

    private string In(string name) => Path.Combine(_directory, name);

    private static void FailHalfway(Stream stream)
    {
        stream.Write("ha"u8);
        throw new IOException("disk full");
    }
}
