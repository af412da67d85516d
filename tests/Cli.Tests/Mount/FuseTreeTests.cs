using System.Text;
using ReclaimNative.Cli.Mount;
using ReclaimNative.Control;

namespace ReclaimNative.Cli.Tests.Mount;

/// <summary>What a tree does with opens, reads, writes and polls, without a mount.</summary>
public sealed class FuseTreeTests
{
    private const int ReadOnly = 0;
    private const int WriteOnly = 1;
    private const int ReadWrite = 2;
    private const int Append = 0x400;
    private const uint Priority = 2;
    private const uint Input = 1;

    private FakeTree _files = null!;
    private List<string> _told = null!;
    private FuseTree _tree = null!;

    [SetUp]
    public void MakeTree()
    {
        _files = new FakeTree();
        _told = [];
        _tree = new FuseTree(_files, _told.Add);
    }

    [TestCase(FakeTree.Command, ReadOnly)]
    [TestCase(FakeTree.Command, ReadWrite)]
    [TestCase(FakeTree.Constant, WriteOnly)]
    [TestCase(FakeTree.Constant, ReadWrite)]
    public void AFileIsOpenedOnlyForWhatItsModeAllowsAnyone(string path, int flags)
    {
        ControlException refusal = Assert.Throws<ControlException>(() => _tree.Open(path, flags))!;

        Assert.That((refusal.Error, _files.Open), Is.EqualTo((ControlError.Access, 0)));
    }

    [TestCase(FakeTree.Command, WriteOnly | Append)]
    [TestCase(FakeTree.Constant, ReadOnly)]
    [TestCase(FakeTree.Counter, ReadWrite)]
    public void ItIsOpenedForTheRest(string path, int flags)
    {
        ulong handle = _tree.Open(path, flags);

        Assert.That(_files.Open, Is.EqualTo(1));
        _tree.Release(handle);
        Assert.That((_files.Open, _tree.OpenFiles), Is.EqualTo((0, 0)));
    }

    [Test]
    public void ATextIsReadInPiecesFromOneMoment()
    {
        ulong handle = _tree.Open(FakeTree.Counter, ReadOnly);

        Assert.That(Read(handle, 1, 0), Is.EqualTo("1"));
        Assert.That(Read(handle, 100, 1), Is.EqualTo("\n"));
        Assert.That(Read(handle, 100, 2), Is.Empty, "at the end");
        Assert.That(Read(handle, 100, 1000), Is.Empty, "past the end");
        Assert.That(_files.Reads, Is.EqualTo(1));
    }

    [Test]
    public void ReadingFromTheStartReadsAnew()
    {
        ulong handle = _tree.Open(FakeTree.Counter, ReadOnly);

        Assert.That(Read(handle, 100, 0) + Read(handle, 100, 0), Is.EqualTo("1\n2\n"));
    }

    [Test]
    public void EveryReaderHasHisOwnText()
    {
        ulong first = _tree.Open(FakeTree.Counter, ReadOnly);
        ulong second = _tree.Open(FakeTree.Counter, ReadOnly);

        Assert.That(Read(first, 1, 0) + Read(second, 1, 0), Is.EqualTo("12"));
        Assert.That(Read(first, 1, 1) + Read(second, 1, 1), Is.EqualTo("\n\n"));
        Assert.That(_files.Reads, Is.EqualTo(2));
    }

    [Test]
    public void AnEmptyWriteDoesNotReachTheFile()
    {
        _tree.Write(_tree.Open(FakeTree.Command, WriteOnly), []);

        Assert.That(_files.Written, Is.Empty);
    }

    [TestCase(FakeTree.Command, FuseTree.LongestWrite)]
    [TestCase(FakeTree.Debug, FuseTree.LongestDebugWrite)]
    public void AWriteIsOneCommandUpToItsLimit(string path, int longest)
    {
        ulong handle = _tree.Open(path, WriteOnly);
        _tree.Write(handle, Encoding.ASCII.GetBytes(new string('x', longest)));
        ControlException refusal = Assert.Throws<ControlException>(() => _tree.Write(handle, new byte[longest + 1]))!;

        Assert.That((refusal.Error, _files.Written.Count, _files.Written[0].Length), Is.EqualTo((ControlError.TooLong, 1, longest)));
        Assert.That(_told, Has.Count.EqualTo(1).And.One.StartsWith(path).And.One.Contains($"{longest} bytes"));
    }

    [TestCase(ControlError.Invalid, true)]
    [TestCase(ControlError.Range, true)]
    [TestCase(ControlError.Again, false)]
    [TestCase(ControlError.Busy, false)]
    [TestCase(ControlError.Interrupted, false)]
    public void WhyAWriteIsRefusedIsToldUnlessItIsAnEverydayAnswer(ControlError error, bool told)
    {
        _files.Refusal = new ControlException(error, "'x' is wrong");
        ulong handle = _tree.Open(FakeTree.Command, WriteOnly);

        Assert.That(Assert.Throws<ControlException>(() => _tree.Write(handle, "x"u8))!.Error, Is.EqualTo(error));
        Assert.That(_told, Is.EqualTo(told ? [$"{FakeTree.Command}: 'x' is wrong"] : Array.Empty<string>()));
    }

    [Test]
    public void AnEventIsTakenOnceByWhoAsksForIt()
    {
        ulong handle = _tree.Open(FakeTree.Counter, ReadWrite);
        _files.Events = 1;

        Assert.That(_tree.Poll(handle, Input, null) & Priority, Is.Zero, "nobody asked for it");
        Assert.That(_tree.Poll(handle, Priority, null) & Priority, Is.EqualTo(Priority));
        Assert.That(_tree.Poll(handle, Priority, null) & Priority, Is.Zero, "it is taken");
        Assert.That(_tree.Poll(handle, Input, null) & Input, Is.EqualTo(Input), "a control file can always be read");
    }

    [Test]
    public void TruncatingIsForFilesThatCanBeWritten()
    {
        Assert.That(() => _tree.Truncate(FakeTree.Command), Throws.Nothing);
        Assert.That(Assert.Throws<ControlException>(() => _tree.Truncate(FakeTree.Constant))!.Error, Is.EqualTo(ControlError.Access));
        Assert.That(Assert.Throws<ControlException>(() => _tree.Truncate("nowhere"))!.Error, Is.EqualTo(ControlError.NoEntry));
    }

    [Test]
    public void WhatIsLeftOpenEndsWithTheTree()
    {
        _ = _tree.Open(FakeTree.Counter, ReadOnly);
        _ = _tree.Open(FakeTree.Command, WriteOnly);
        _tree.ReleaseAll();

        Assert.That(_files.Open, Is.Zero);
    }

    private string Read(ulong handle, int bytes, long offset)
    {
        byte[] into = new byte[bytes];
        return Encoding.UTF8.GetString(into, 0, _tree.Read(handle, into, offset));
    }
}
