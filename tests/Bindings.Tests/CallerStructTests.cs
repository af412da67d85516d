using ReclaimNative.Bindings.Boundary;

namespace ReclaimNative.Bindings.Tests;

/// <summary>Old and new callers: a struct that was appended to, as none in version 0.1 has been yet.</summary>
internal sealed unsafe class CallerStructTests
{
    private struct Appended : ICallerStruct
    {
        public uint StructSize;
        public uint Old;
        public ulong AddedLater;

        public static string CName => "appended_t";

        public static uint FirstSize => 8;
    }

    [Test]
    public void AFieldThatAnOldCallerDoesNotHaveIsZero()
    {
        uint* old = stackalloc uint[] { 8, 5, 0xffffffff, 0xffffffff };
        Appended read = CallerStruct.Read<Appended>(old);
        Assert.That(read.Old, Is.EqualTo(5u));
        Assert.That(read.AddedLater, Is.Zero, "what lies behind an old struct is not read");
    }

    [Test]
    public void AnOldCallersStructIsNotWrittenBeyondItsEnd()
    {
        uint* old = stackalloc uint[] { 8, 5, 0xffffffff };
        CallerStruct.Write(old, 8, new Appended { StructSize = 8, Old = 6, AddedLater = 7 });
        Assert.That((old[0], old[1], old[2]), Is.EqualTo((8u, 6u, 0xffffffffu)));
    }

    [Test]
    public void ANewCallersUnknownFieldIsAcceptedWhenItIsZero()
    {
        uint* larger = stackalloc uint[] { 24, 5, 9, 0, 0, 0 };
        Assert.That(CallerStruct.Read<Appended>(larger).AddedLater, Is.EqualTo(9ul));
        larger[5] = 0x01000000;
        Assert.That(StatusOf(larger), Is.EqualTo(Status.TooBig));
    }

    [Test]
    public void ANewCallersUnknownFieldComesOutZero()
    {
        uint* larger = stackalloc uint[] { 24, 5, 0xff, 0xff, 0xff, 0xff };
        CallerStruct.Write(larger, 24, new Appended { StructSize = 24, Old = 6, AddedLater = 7 });
        Assert.That((larger[0], larger[1], larger[2], larger[3]), Is.EqualTo((24u, 6u, 7u, 0u)));
        Assert.That((larger[4], larger[5]), Is.EqualTo((0u, 0u)));
    }

    [TestCase(0u, Status.StructSize)]
    [TestCase(7u, Status.StructSize)]
    [TestCase(4097u, Status.TooBig)]
    [TestCase(uint.MaxValue, Status.TooBig)]
    public void ASizeThatNoHeaderGaveIsRefused(uint size, int status) =>
        Assert.That(StatusOf(&size), Is.EqualTo(status));

    private static int StatusOf(uint* from)
    {
        try
        {
            CallerStruct.Read<Appended>(from);
            return Status.Ok;
        }
        catch (Refusal refusal)
        {
            return refusal.Status;
        }
    }
}
