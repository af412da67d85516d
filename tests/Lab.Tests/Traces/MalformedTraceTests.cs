using ReclaimNative.Lab.Traces;
using static ReclaimNative.Lab.Tests.Traces.TraceBytes;

namespace ReclaimNative.Lab.Tests.Traces;

/// <summary>Every broken trace is one clear line: the file, where, what is wrong, what is accepted.</summary>
public class MalformedTraceTests
{
    // File name, forced format or null, content, what the message must contain.
    private static readonly (string Name, TraceFormat? Format, byte[] Bytes, string[] Says)[] Broken =
    [
        ("t.u32", null, [], ["is empty"]),
        ("t", TraceFormat.Text, [], ["is empty"]),
        ("t.u32.gz", null, [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0], ["is empty once unpacked"]),
        ("t.u32", null, [1, 2, 3], ["record 1 at byte 0", "3 bytes are left", "4"]),
        ("t.u32", null, [.. U32(1, 2), 9], ["record 3 at byte 8", "1 bytes are left"]),
        ("t.u64", null, [.. U64(1), 1, 2, 3, 4], ["record 2 at byte 8", "a record has 8"]),
        ("t.be32", null, [.. Be32(1), 1], ["record 2 at byte 4"]),
        ("t.oracle", null, Oracle(1, 2)[..^8], ["record 2 at byte 24", "16 bytes are left", "a record has 24"]),
        ("t", TraceFormat.Oracle, U32(1, 2, 3), ["record 1 at byte 0", "a record has 24"]),
        ("t", TraceFormat.Oracle, Oracle(1)[..23], ["cut short"]),
        ("t", TraceFormat.U32, Ascii(string.Concat(Enumerable.Repeat("1234567\n", 20))), ["is text, starting with \"1234567\"", "not u32", "accepted formats: u32"]),
        ("t.oracle", null, Ascii(string.Concat(Enumerable.Repeat("1234567 W\r\n", 24))), ["is text", "not oracle"]),
        ("t", TraceFormat.Be32, Ascii(string.Concat(Enumerable.Repeat("I  0400,4\n", 20))), ["is text", "not be32"]),

        ("t", TraceFormat.Text, Ascii("1\n2\nabc\n4\n"), ["line 3 \"abc\"", "\"abc\" is not a decimal number", "one page per line"]),
        ("t", TraceFormat.Text, Ascii("1 X\n"), ["line 1", "\"X\" is neither R nor W"]),
        ("t", TraceFormat.Text, Ascii("1 RW\n"), ["neither R nor W"]),
        ("t", TraceFormat.Text, Ascii("1 R 2\n"), ["more on the line"]),
        ("t", TraceFormat.Text, Ascii("-1\n"), ["\"-1\" is not a decimal number"]),
        ("t", TraceFormat.Text, Ascii("+1\n"), ["\"+1\""]),
        ("t", TraceFormat.Text, Ascii("1.5\n"), ["\"1.5\""]),
        ("t", TraceFormat.Text, Ascii("0x\n"), ["a number is missing"]),
        ("t", TraceFormat.Text, Ascii("0xfg\n"), ["\"fg\" is not a hexadecimal number"]),
        ("t", TraceFormat.Text, Ascii("ff\n"), ["\"ff\" is not a decimal number"]),
        ("t", TraceFormat.Text, Ascii("18446744073709551616\n"), ["over 18446744073709551615"]),
        ("t", TraceFormat.Text, Ascii("99999999999999999999999\n"), ["over 18446744073709551615"]),
        ("t", TraceFormat.Text, Ascii("0x10000000000000000\n"), ["over 18446744073709551615"]),
        ("t", TraceFormat.Text, Ascii("1,2\n"), ["\"1,2\" is not a decimal number"]),
        ("t", TraceFormat.Text, Ascii("# only comments\n\n"), ["holds no request", "expected text"]),
        ("t", null, Ascii("# only comments\n\n"), ["holds no request", "accepted formats: u32"]),
        ("t", null, Ascii("   \n \r\n"), ["holds no request"]),
        ("t", TraceFormat.Text, U32(1, 2, 3), ["line 1 \"????????????\"", "expected one page per line"]),
        ("t", TraceFormat.Text, new byte[10_000], ["line 1 is longer than 4096 bytes", "not a text trace"]),
        ("t", TraceFormat.Text, Ascii("1\n" + new string('7', 5000)), ["line 2 is longer"]),
        ("t", TraceFormat.Text, Ascii("1\n*\n"), ["line 2", "--format lirs"]),

        ("t.lis", null, Ascii("1 1 0\n"), ["line 1 \"1 1 0\"", "a number is missing", "start count x y"]),
        ("t.lis", null, Ascii("1\n"), ["a number is missing"]),
        ("t.lis", null, Ascii("1 -1 0 0\n"), ["the count \"-1\" is negative"]),
        ("t.lis", null, Ascii("-1 1 0 0\n"), ["\"-1\" is not a decimal number"]),
        ("t.lis", null, Ascii("1 99999999999 0 0\n"), ["count 99999999999 is over 16777216"]),
        ("t.lis", null, Ascii("1 99999999999999999999 0 0\n"), ["over 18446744073709551615"]),
        ("t.lis", null, Ascii("18446744073709551615 2 0 0\n"), ["2 pages from 18446744073709551615 pass"]),
        ("t.lis", null, Ascii("1 1 0 0 0\n"), ["more than four numbers"]),
        ("t.lis", null, Ascii("1 1 0 zero\n"), ["\"zero\""]),
        ("t.lis", null, Ascii("1 0 0 0\n"), ["holds no request"]),
        ("t.lis", null, Ascii("1 1 0 0\n1 1"), ["line 2"]),
        ("t", TraceFormat.Arc, Ascii("1 W\n"), ["\"W\" is not a decimal number"]),

        ("t.trc", null, Ascii("*\n*\n"), ["holds no request"]),
        ("t", null, Ascii("*\n"), ["holds no request"]),
        ("t.trc", null, Ascii("1\n* 2\n"), ["line 2 \"* 2\"", "or * alone"]),
        ("t.trc", null, Ascii("0x10\n"), ["\"0x10\" is not a decimal number"]),

        ("t.lackey", null, Ascii("I  1000\n"), ["the comma between address and size is missing"]),
        ("t.lackey", null, Ascii("I  1000,\n"), ["a number is missing"]),
        ("t.lackey", null, Ascii("I  ,4\n"), ["a number is missing"]),
        ("t.lackey", null, Ascii("X  1000,4\n"), ["\"X\" is none of I, L, S and M", "--log-file"]),
        ("t.lackey", null, Ascii(" L 1000,0\n"), ["the size 0 is not in 1 to 4096"]),
        ("t.lackey", null, Ascii(" L 1000,4097\n"), ["the size 4097"]),
        ("t.lackey", null, Ascii(" L 1000,x\n"), ["\"x\" is not a decimal number"]),
        ("t.lackey", null, Ascii(" L 0x1000,4\n"), ["\"0x1000\" is not a hexadecimal number"]),
        ("t.lackey", null, Ascii(" L ffffffffffffffff,2\n"), ["end of the address space"]),
        ("t.lackey", null, Ascii(" L 10000000000000000,2\n"), ["over 18446744073709551615"]),
        ("t.lackey", null, Ascii("I  1000,4\nhello from the program\n"), ["line 2 \"hello from the program\""]),
        ("t.lackey", null, Ascii("==1== Lackey\n"), ["holds no request"]),

        ("t", null, Ascii("time,page\n1,2\n"), ["unknown trace format, starting with \"time,page\"", "accepted formats: u32, u64, oracle, text, lackey, arc, lirs, be32"]),
        ("t", null, U32(1, 2, 3), ["cannot tell", "--format", "u32, u64, oracle"]),
        ("t", null, [0, 255], ["cannot tell"]),
        ("t.damon", null, Ascii("{}"), ["damon is not supported yet"]),
        ("damon.data", null, Ascii("PERFILE2"), ["damon is not supported yet"]),
        ("t.u32.gz", null, U32(1, 2), ["is named .gz"]),
        ("t.u32.zst", null, U32(1, 2), ["is named .zst"]),
        ("t.u32.xz", null, U32(1, 2), ["is named .xz"]),
        ("t.u32.gz", null, [.. Gzip(U32(1)), 0, 0, 0], ["followed by other bytes"]),
        ("two\nlines\u001b[31m.text", null, Ascii("x\n"), ["two?lines?[31m.text: line 1"]),
    ];

    private static IEnumerable<TestCaseData> Cases => Broken.Select((c, i) =>
        new TestCaseData(c.Name, c.Format, c.Bytes, c.Says).SetArgDisplayNames($"{i}", c.Says[0]));

    [TestCaseSource(nameof(Cases))]
    public void ABrokenTraceIsOneLineThatSaysWhatIsWrong(string name, TraceFormat? format, byte[] bytes, string[] says)
    {
        var error = Assert.Throws<TraceException>(() => Read(bytes, name, format));

        foreach (string part in says)
            Assert.That(error!.Message, Does.Contain(part));
        AssertOneLine(error!.Message);
        Assert.That(error.Message, Does.StartWith(name[..1]), "the file comes first");
    }

    [Test]
    public void AFileThatCannotBeOpenedSaysWhy()
    {
        string folder = Directory.CreateTempSubdirectory("reclaim-traces-").FullName;
        try
        {
            AssertSays(Path.Combine(folder, "missing.u32"), "there is no such file");
            AssertSays(Path.Combine(folder, "missing", "t.u32"), "there is no such file");
            AssertSays(folder, "is a folder");
            AssertSays("", "cannot be opened");
            AssertSays("a\0b", "cannot be opened");
            AssertSays(Path.Combine(folder, new string('n', 300)), "cannot be opened");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void AFileWithoutReadPermissionSaysSo()
    {
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
        {
            Assert.Ignore("needs Unix permissions and a user who is not the superuser, who may read every file");
            return;
        }
        string path = Path.GetTempFileName();
        try
        {
            File.SetUnixFileMode(path, UnixFileMode.None);
            AssertSays(path, "no permission");
        }
        finally
        {
            File.Delete(path);
        }
    }

    internal static void AssertOneLine(string message)
    {
        Assert.That(message.Any(char.IsControl), Is.False, message);
        Assert.That(message, Does.Not.Contain("Exception").And.Not.Contain("   at "));
        Assert.That(message, Has.Length.LessThan(400));
    }

    private static void AssertSays(string path, string what)
    {
        var error = Assert.Throws<TraceException>(() => TraceReader.Load(path));
        Assert.That(error!.Message, Does.Contain(what));
        Assert.That(error.Message.Any(char.IsControl), Is.False);
    }
}
