using ReclaimNative.Simd;

namespace ReclaimNative.Tests.Simd;

/// <summary>Every width against loops over single bytes, for every short length and every misalignment.</summary>
[TestFixtureSource(nameof(Widths))]
public unsafe class ByteSweepTests(VectorWidth width)
{
    private const int Longest = 200;

    private static readonly VectorWidth[] Widths = VectorWidths.All.ToArray();

    private readonly GuardedMemory _memory = new(4096);
    private readonly ByteSweep _sweep = new(width);

    [OneTimeTearDown]
    public void Free() => _memory.Dispose();

    [Test]
    public void MatchComparesTheMaskedBitsOfEveryByte()
    {
        // All 256 values of a byte under several masks, at each of 64 alignments, the last at the unreadable page.
        var random = new Random(3);
        foreach ((byte mask, byte value) in new (byte, byte)[] { (0xFF, 0x00), (0x07, 0x03), (0x87, 0x80), (0x00, 0x00), (0x00, 0x01), (0xFF, 0xFF), (0x60, 0x40) })
        {
            for (int back = 0; back < 64; back++)
            {
                byte* bytes = _memory.End - 64 - back;
                for (int i = 0; i < 64; i++)
                    bytes[i] = (byte)random.Next(256);
                for (int i = 0; i < 4; i++)
                    bytes[random.Next(64)] = value;
                ulong expected = 0;
                for (int i = 0; i < 64; i++)
                    expected |= ((bytes[i] & mask) == value ? 1UL : 0UL) << i;

                Assert.That(_sweep.Match(bytes, mask, value), Is.EqualTo(expected), $"mask {mask:x}, value {value:x}, {back} before the end");
            }
        }
    }

    [Test]
    public void EachOf64BytesHasItsOwnBit()
    {
        byte* bytes = _memory.End - 64;
        for (int i = 0; i < 64; i++)
        {
            new Span<byte>(bytes, 64).Fill(0x15);
            bytes[i] = 0x2A;

            Assert.That(_sweep.Match(bytes, 0x3F, 0x2A), Is.EqualTo(1UL << i), $"byte {i}");
        }
    }

    [Test]
    public void EveryByteGrowsByOneUpTo255([Values] bool atEnd)
    {
        var random = new Random(5);
        for (int n = 0; n <= Longest; n++)
        {
            byte* bytes = _memory.Place<byte>(n, atEnd);
            byte[] expected = new byte[n];
            for (int i = 0; i < n; i++)
            {
                bytes[i] = random.Next(4) switch { 0 => 255, 1 => 254, 2 => 0, _ => (byte)random.Next(256) };
                expected[i] = (byte)Math.Min(bytes[i] + 1, 255);
            }

            _sweep.Increment(bytes, (nuint)n);

            Assert.That(new ReadOnlySpan<byte>(bytes, n).ToArray(), Is.EqualTo(expected), $"{n} bytes");
        }
    }

    [Test]
    public void OnlyTheBytesGivenGrow()
    {
        for (int n = 0; n <= Longest; n++)
        {
            byte* bytes = _memory.Place<byte>(n + 2, atEnd: true);
            new Span<byte>(bytes, n + 2).Fill(7);

            _sweep.Increment(bytes + 1, (nuint)n);

            Assert.That((bytes[0], bytes[n + 1]), Is.EqualTo(((byte)7, (byte)7)), $"{n} bytes");
        }
    }

    [Test]
    public void CountsAreTheSumsOfSingleBytes([Values] bool atEnd)
    {
        var random = new Random(4);
        for (int n = 0; n <= Longest; n++)
        {
            byte* bytes = _memory.Place<byte>(n, atEnd);
            int expected = 0;
            for (int i = 0; i < n; i++)
            {
                bytes[i] = (byte)random.Next(256);
                expected += (bytes[i] & 3) == 2 ? 1 : 0;
            }

            Assert.That(_sweep.CountMatches(bytes, (nuint)n, 3, 2), Is.EqualTo(expected), $"{n} bytes");
        }
    }

    [Test]
    public void TheNextMatchIsTheLowestInTheRange([Values] bool atEnd)
    {
        // One match inside, and matches right outside both ends, which must not be found.
        const byte Mask = 0x87;
        const byte Value = 0x05;
        for (int length = 0; length <= Longest; length++)
        {
            byte* bytes = _memory.Place<byte>(length + 2, atEnd);
            for (int match = 0; match <= length; match++)
            {
                new Span<byte>(bytes, length + 2).Fill(0x85);
                bytes[0] = bytes[length + 1] = 0x75 & Mask;
                bytes[1 + match] = Value | 0x38;
                nuint found = _sweep.FindNext(bytes, 1, (nuint)length + 1, Mask, Value);

                if (found != (nuint)(1 + match))
                    Assert.Fail($"{length} bytes, match at {match}: {found}");
            }
        }
    }

    [Test]
    public void OfSeveralMatchesTheFirstIsFoundAndNoneIsTheEnd()
    {
        byte* bytes = _memory.Place<byte>(Longest, atEnd: true);
        var random = new Random(6);
        for (int round = 0; round < 2000; round++)
        {
            for (int i = 0; i < Longest; i++)
                bytes[i] = (byte)random.Next(40);
            int from = random.Next(Longest + 1);
            int to = random.Next(from, Longest + 1);
            int expected = from;
            while (expected < to && bytes[expected] != 7)
                expected++;

            Assert.That(_sweep.FindNext(bytes, (nuint)from, (nuint)to, 0xFF, 7), Is.EqualTo((nuint)expected), $"round {round}: [{from}, {to})");
        }

        Assert.That(_sweep.FindNext(bytes, 5, 5, 0xFF, bytes[5]), Is.EqualTo((nuint)5), "an empty range");
        Assert.That(_sweep.FindNext(bytes, 9, 5, 0xFF, bytes[5]), Is.EqualTo((nuint)5), "a range that ends before it begins");
    }
}
