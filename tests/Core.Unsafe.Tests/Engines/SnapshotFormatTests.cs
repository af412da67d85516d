using System.Buffers.Binary;
using ReclaimNative.Memory;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

/// <summary>What is no snapshot is refused with the reason, whatever it is, and nothing of it stays.</summary>
public class SnapshotFormatTests
{
    private static readonly byte[] Good = Small("mglru classic");

    [Test]
    public void EveryByteCounts()
    {
        // One bit in every byte of a piece of each kind, and in every 97th of the rest.
        for (int at = 0; at < Good.Length; at += at < 4096 || at > Good.Length - 4096 ? 1 : 97)
        {
            byte[] damaged = [.. Good];
            damaged[at] ^= (byte)(1 << (at % 8));

            Assert.That(() => Restore(damaged), Throws.TypeOf<SnapshotException>(), $"bit {at % 8} of byte {at}");
        }
    }

    [Test]
    public void AnEndTooEarlyIsSeen()
    {
        for (int length = 0; length < Good.Length; length += length < 2048 || length > Good.Length - 512 ? 1 : 501)
        {
            int cut = length;
            Assert.That(() => Restore(Good[..cut]), Throws.TypeOf<SnapshotException>().With.Message.Contains("in the middle"), $"{length} bytes");
        }
    }

    [Test]
    public void PiecesOfTwoSnapshotsAreNone()
    {
        byte[] other = Small("mglru classic", 1);
        for (int at = 64; at < Math.Min(Good.Length, other.Length); at += 509)
        {
            if (!Good.AsSpan(0, at).SequenceEqual(other.AsSpan(0, at)) && !Good.AsSpan(at).SequenceEqual(other.AsSpan(at)))
                Assert.That(() => Restore([.. Good[..at], .. other[at..]]), Throws.TypeOf<SnapshotException>(), $"from byte {at} on");
        }
    }

    /// <summary>A record that is whole, and was followed by others than it is now.</summary>
    [Test]
    public void RecordsThatAreMissingOrTwiceOrOutOfOrderAreSeen()
    {
        List<byte[]> records = Records(Good);
        for (int i = 0; i < records.Count; i++)
        {
            IEnumerable<byte[]> missing = records.Where((_, at) => at != i);
            IEnumerable<byte[]> twice = [.. records[..i], records[i], .. records[i..]];
            Assert.That(() => Restore([.. missing.SelectMany(r => r)]), Throws.TypeOf<SnapshotException>(), $"without record {i}");
            if (i < records.Count - 1)
                Assert.That(() => Restore([.. twice.SelectMany(r => r)]), Throws.TypeOf<SnapshotException>(), $"with record {i} twice");
        }
    }

    /// <summary>Damage that leaves every checksum right, as a build with another idea of the format would write it.</summary>
    [Test]
    public void NumbersThatMakeNoSenseAreRefusedThoughTheChecksumIsRight()
    {
        int refused = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            List<byte[]> records = Records(Good);
            int at = random.Next(3) == 0 ? records.Count - 2 : 1;
            Span<byte> numbers = records[at].AsSpan(32..^16);
            BinaryPrimitives.WriteInt64LittleEndian(
                numbers[(random.Next(numbers.Length / 8) * 8)..],
                random.Next(4) switch { 0 => -1, 1 => long.MaxValue, 2 => random.Next(300), _ => random.NextInt64() });
            try
            {
                Restore(Resealed(records)).Dispose();
            }
            catch (Exception why) when (why is SnapshotException or EngineException or PolicyException or OutOfMemoryException)
            {
                refused++;
            }
        }

        // Some are numbers that an engine may well have, such as limits and counts.
        Assert.That(refused, Is.GreaterThan(100));
    }

    [TestCase(0, 0x52, "no snapshot", ExpectedResult = 0)]
    [TestCase(8, 2, "is of format 2; this build reads 1", ExpectedResult = 0)]
    [TestCase(16, 1, "pages of 4097 bytes", ExpectedResult = 0)]
    public int TheFirstRecordSaysWhatItIs(int at, byte value, string message)
    {
        byte[] other = [.. Good];
        other[at] = at == 0 ? (byte)(value + 1) : value;
        Assert.That(() => Restore(other), Throws.TypeOf<SnapshotException>().With.Message.Contains(message));
        return 0;
    }

    [Test]
    public void ALengthThatIsAbsurdCostsNothing([Values(ulong.MaxValue, 1UL << 40, (1UL << 20) + 8)] ulong length, [Values(1, 2, 3)] int record)
    {
        List<byte[]> records = Records(Good);
        BinaryPrimitives.WriteUInt64LittleEndian(records[record].AsSpan(8), length);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.That(() => Restore(Resealed(records)), Throws.TypeOf<SnapshotException>().With.Message.Contains("which none has"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(32 << 20));
    }

    [Test]
    public void AColumnThatThisBuildDoesNotHaveIsNamed()
    {
        List<byte[]> records = Records(Good);
        int column = records.FindIndex(r => BinaryPrimitives.ReadUInt64LittleEndian(r) == (ulong)SnapshotPart.Column);
        records[column][32 + 8] = (byte)'w';

        Assert.That(
            () => Restore(Resealed(records)),
            Throws.TypeOf<SnapshotException>().With.Message.EqualTo(
                "The snapshot has a column 'wable.entry' of 32768 elements of 4 bytes where this build has 'table.entry' of 32768 elements of 4 bytes: it is of another build, or of a policy that has changed."));
    }

    [Test]
    public void NothingIsLeftReservedOfWhatWasRefused()
    {
        byte[] damaged = [.. Good];
        damaged[^1] ^= 1;
        Assert.That(() => Restore(damaged), Throws.TypeOf<SnapshotException>());
        long before = MappedKilobytes();
        for (int i = 0; i < 50; i++)
            Assert.That(() => Restore(damaged), Throws.TypeOf<SnapshotException>());

        Assert.That(MappedKilobytes() - before, Is.LessThan(50 * 2048), "each engine reserves more than 2 MiB");
    }

    [Test]
    [Category("Soak")]
    public void AnyDamageIsRefused()
    {
        for (int seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            byte[] damaged = [.. Good];
            for (int i = random.Next(1, 6); i > 0; i--)
            {
                int from = random.Next(damaged.Length);
                int length = Math.Min(random.Next(1, 600), damaged.Length - from);
                switch (random.Next(4))
                {
                    case 0:
                        damaged[from] ^= (byte)random.Next(1, 256);
                        break;
                    case 1:
                        random.NextBytes(damaged.AsSpan(from, length));
                        break;
                    case 2:
                        damaged = [.. damaged[..from], .. damaged[(from + length)..]];
                        break;
                    default:
                        damaged = [.. damaged[..from], .. Good.AsSpan(random.Next(Good.Length - 600), length), .. damaged[from..]];
                        break;
                }
            }

            if (!damaged.AsSpan().StartsWith(Good))
                Assert.That(() => Restore(damaged), Throws.TypeOf<SnapshotException>(), $"seed {seed}");
        }
    }

    private static Engine Restore(byte[] bytes) => Engine.Restore(new MemoryStream(bytes));

    private static byte[] Small(string form, int seed = 0)
    {
        using var engine = new Engine(SmallMachine.Form(form));
        engine.CreateMemcg("a");
        AddressSpace space = engine.CreateAddressSpace("s", 900, engine.CreateMemcg("b", null, "classic"));
        engine.Map(space, 100, 200, engine.CreateFile(150));
        AccessTally tally = default;
        engine.Access(space, [.. Enumerable.Range(0, 500).Select(i => (uint)((i * (7 + seed)) % 900))], ref tally);
        engine.Reclaim(new ReclaimRequest(100));
        using var stream = new MemoryStream();
        engine.Save(stream);
        return stream.ToArray();
    }

    private static List<byte[]> Records(byte[] snapshot)
    {
        var records = new List<byte[]>();
        for (int at = 0; at < snapshot.Length;)
        {
            int bytes = at == 0 ? 0 : (BinaryPrimitives.ReadInt32LittleEndian(snapshot.AsSpan(at + 8)) + 31) & ~31;
            records.Add(snapshot[at..(at + 32 + bytes + 16)]);
            at += records[^1].Length;
        }

        return records;
    }

    /// <summary>The records with checksums that are right for what is in them.</summary>
    private static byte[] Resealed(List<byte[]> records)
    {
        SnapshotChecksum sum = default;
        foreach (byte[] record in records)
        {
            sum.Add(record.AsSpan(..^16));
            System.Runtime.InteropServices.MemoryMarshal.Write(record.AsSpan(^16..), in sum);
        }

        return [.. records.SelectMany(r => r)];
    }

    private static long MappedKilobytes() => long.Parse(
        File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmSize:", StringComparison.Ordinal)).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1],
        System.Globalization.CultureInfo.InvariantCulture);
}
