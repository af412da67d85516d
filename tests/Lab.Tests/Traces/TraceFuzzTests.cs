using ReclaimNative.Lab.Traces;
using static ReclaimNative.Lab.Tests.Traces.TraceBytes;

namespace ReclaimNative.Lab.Tests.Traces;

/// <summary>Whatever the bytes, reading them ends in a trace or in a one-line <see cref="TraceException"/>.</summary>
public class TraceFuzzTests
{
    private const int Seed = 20_260_417;
    private const int MaxRequests = 100_000;

    private static readonly (string Name, byte[] Bytes)[] Valid =
    [
        ("t.u32", U32(1, 2, 0x8000_0003, 4, 5, 6, 1)),
        ("t.u64", U64(1, 2, 3, 1UL << 40, 5)),
        ("t.be32", Be32(1, -2, 3)),
        ("t.oracle", Oracle(1, 2, 1, 1UL << 50)),
        ("t.text", Ascii("# c\n1\n0x2 W\n18446744073709551615 R\n")),
        ("t.lis", Ascii("10 3 0 0\n20 64 0 1\n30 1 0 2\n")),
        ("t.trc", Ascii("1\n*\n2\n1\n")),
        ("t.lackey", Ascii("==1== x\nI  00001ffe,4\n L 1fff0006f8,8\n S 2ffc,8\n")),
    ];

    [Test]
    public void RandomBytesNeverThrowAnythingElse()
    {
        var random = new Random(Seed);
        for (int round = 0; round < 3000; round++)
        {
            var bytes = new byte[random.Next(300)];
            random.NextBytes(bytes);
            if (round % 2 == 0)
                Array.ForEach(Enumerable.Range(0, bytes.Length).ToArray(), i => bytes[i] = (byte)"0123456789 \n\t*#xRWILS,=-"[bytes[i] % 24]);
            TryRead(bytes, "t", round % 9 == 8 ? null : TraceFormat.All[round % 9], round);
        }
    }

    [Test]
    public void DamagedTracesNeverThrowAnythingElse()
    {
        var random = new Random(Seed + 1);
        int readable = 0;
        for (int round = 0; round < 4000; round++)
        {
            (string name, byte[] bytes) = Valid[round % Valid.Length];
            bool zipped = random.Next(4) == 0;
            byte[] damaged = Damage(zipped ? Gzip(bytes) : bytes, random);
            if (TryRead(damaged, zipped ? name + ".gz" : name, null, round))
                readable++;
            TryRead(damaged, "t", null, round);
        }
        Assert.That(readable, Is.InRange(250, 3750), "damage that always or never breaks a trace tests little");
    }

    [Test]
    public void DamagedArchivesOfTheSystemsToolsNeverThrowAnythingElse()
    {
        var random = new Random(Seed + 2);
        (string, byte[])[] packed = [("t.text.zst", Zstd(Valid[4].Bytes)), ("t.text.xz", Xz(Valid[4].Bytes))];
        for (int round = 0; round < 40; round++)
        {
            (string name, byte[] bytes) = packed[round % 2];
            TryRead(Damage(bytes, random), name, null, round);
        }
    }

    private static byte[] Damage(byte[] bytes, Random random)
    {
        var damaged = new List<byte>(bytes);
        for (int changes = random.Next(1, 4); changes > 0 && damaged.Count > 0; changes--)
        {
            int at = random.Next(damaged.Count);
            switch (random.Next(5))
            {
                case 0: damaged[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: damaged[at] = (byte)random.Next(256); break;
                case 2: damaged.RemoveRange(at, random.Next(damaged.Count - at) + 1); break;
                case 3: damaged.InsertRange(at, damaged.GetRange(at, Math.Min(8, damaged.Count - at))); break;
                default: damaged.Insert(at, (byte)('0' + random.Next(10))); break;
            }
        }
        return [.. damaged];
    }

    private static bool TryRead(byte[] bytes, string name, TraceFormat? format, int round)
    {
        try
        {
            Trace trace = TraceReader.Read(new MemoryStream(bytes), name, format, MaxRequests);
            Assert.That(trace.Count, Is.InRange(1, MaxRequests));
            Assert.That(trace.UniquePages, Is.InRange(1, Math.Min(trace.Count, trace.PackedPages)));
            return true;
        }
        catch (TraceException e)
        {
            MalformedTraceTests.AssertOneLine(e.Message);
            return false;
        }
        catch (Exception e) when (e is not AssertionException)
        {
            Assert.Fail($"seed {Seed}, round {round}, {name}, {format}: {Convert.ToHexString(bytes)}: {e}");
            return false;
        }
    }
}
