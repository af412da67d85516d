using System.Runtime.CompilerServices;
using ReclaimNative.Concurrency;

namespace ReclaimNative.Tests.Concurrency;

public class AtomicTests
{
    private const int Rounds = 500_000;

    [Flags]
    public enum ByteFlags : byte
    {
        None = 0,
        Low = 1,
        High = 0x80,
    }

    [Test]
    public void EveryWidthDoesWhatItsDefinitionSays([Values] bool concurrent)
    {
        AgreeWithDefinition<byte>(concurrent);
        AgreeWithDefinition<ushort>(concurrent);
        AgreeWithDefinition<uint>(concurrent);
        AgreeWithDefinition<long>(concurrent);
        AgreeWithDefinition<ulong>(concurrent);
    }

    [Test]
    public void AddWrapsAroundAtEveryWidth([Values] bool concurrent)
    {
        (long l, ulong ul, int i, uint ui, ushort us) = (long.MaxValue, ulong.MaxValue, int.MaxValue, uint.MaxValue, ushort.MaxValue);

        Assert.That(Atomic.Add(ref l, 1L, concurrent), Is.EqualTo(long.MinValue));
        Assert.That(Atomic.Add(ref ul, 3UL, concurrent), Is.EqualTo(2UL));
        Assert.That(Atomic.Add(ref i, 1, concurrent), Is.EqualTo(int.MinValue));
        Assert.That(Atomic.Add(ref ui, 3u, concurrent), Is.EqualTo(2u));
        Assert.That(Atomic.Add(ref us, 3, concurrent), Is.EqualTo((ushort)2));
        Assert.That((l, ul, i, ui, us), Is.EqualTo((long.MinValue, 2UL, int.MinValue, 2u, (ushort)2)));
    }

    [Test]
    public void FlagsOfAnEnumerationAreBits([Values] bool concurrent)
    {
        var flags = ByteFlags.Low;

        Assert.That(Atomic.Or(ref flags, ByteFlags.High, concurrent), Is.EqualTo(ByteFlags.Low));
        Atomic.Clear(ref flags, ByteFlags.Low, concurrent);
        Assert.That(flags, Is.EqualTo(ByteFlags.High));
    }

    /// <summary>Each thread turns its own bits on and off in a word that all share: it must find them as it left them.</summary>
    [Test]
    public void ThreadsLoseNoBitOfEachOther()
    {
        Assert.That(LostBits<byte>(true), Is.Zero);
        Assert.That(LostBits<ushort>(true), Is.Zero);
        Assert.That(LostBits<uint>(true), Is.Zero);
        Assert.That(LostBits<ulong>(true), Is.Zero);
    }

    [Test]
    public void WithoutConcurrentBitsAreLost()
    {
        Race.MustGoWrong(() => LostBits<byte>(false) > 0);
        Race.MustGoWrong(() => LostBits<ulong>(false) > 0);
    }

    /// <summary>A byte that one thread owns, next to one that another changes, is never touched by it.</summary>
    [Test]
    public void NeighboursInTheSameWordAreLeftAlone()
    {
        byte[] bytes = new byte[4];
        ushort[] shorts = new ushort[2];
        int wrong = 0;
        Race.Run(2, id =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                byte left = unchecked((byte)i);
                bool ok = Atomic.Exchange(ref bytes[id], left, true) == (i == 0 ? 0 : unchecked((byte)(i - 1)))
                    && Atomic.Or(ref bytes[2 + id], left, true) == 0
                    && Atomic.And(ref bytes[2 + id], (byte)0, true) == left
                    && Atomic.CompareExchange(ref bytes[id], left, left, true) == left
                    && Atomic.Add(ref shorts[id], 1, true) == unchecked((ushort)(i + 1));
                if (!ok)
                    Interlocked.Increment(ref wrong);
            }
        });

        Assert.That(wrong, Is.Zero);
    }

    [Test]
    public void ThreadsLoseNoCount()
    {
        Counts counts = CountedBy(4, concurrent: true);

        Assert.That(counts, Is.EqualTo(new Counts
        {
            Long = 4 * Rounds,
            ULong = 4 * Rounds,
            Int = 4 * Rounds,
            UInt = 4 * Rounds,
            UShort = unchecked((ushort)(4 * Rounds)),
        }));
    }

    [Test]
    public void WithoutConcurrentCountsAreLost() =>
        Race.MustGoWrong(() => CountedBy(2, concurrent: false) is { Long: < 2 * Rounds, UInt: < 2 * Rounds });

    private static Counts CountedBy(int threads, bool concurrent)
    {
        Counts counts = default;
        Race.Run(threads, _ =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                Atomic.Add(ref counts.Long, 1L, concurrent);
                Atomic.Add(ref counts.ULong, 1UL, concurrent);
                Atomic.Add(ref counts.Int, 1, concurrent);
                Atomic.Add(ref counts.UInt, 1u, concurrent);
                Atomic.Add(ref counts.UShort, 1, concurrent);
            }
        });
        return counts;
    }

    /// <summary>Times that a thread found bits of its own other than it had left them.</summary>
    private static int LostBits<T>(bool concurrent) where T : unmanaged
    {
        T shared = default;
        int lost = 0;
        ulong all = Wide(Narrow<T>(ulong.MaxValue));
        Race.Run(2, id =>
        {
            ulong own = all & (id == 0 ? 0x5555_5555_5555_5555 : 0xAAAA_AAAA_AAAA_AAAA);
            T bits = Narrow<T>(own);
            T others = Narrow<T>(all & ~own);
            for (int i = 0; i < Rounds; i++)
            {
                bool kept = (Wide(Atomic.Or(ref shared, bits, concurrent)) & own) == 0
                    && (Wide(Atomic.And(ref shared, others, concurrent)) & own) == own;
                Atomic.Set(ref shared, bits, concurrent);
                kept &= (Wide(Atomic.CompareExchange(ref shared, default, default, concurrent)) & own) == own;
                Atomic.Clear(ref shared, bits, concurrent);
                if (!kept)
                    Interlocked.Increment(ref lost);
            }
        });
        return lost;
    }

    private static void AgreeWithDefinition<T>(bool concurrent) where T : unmanaged
    {
        var random = new Random(17);
        for (int i = 0; i < 200; i++)
        {
            T before = Narrow<T>((ulong)random.NextInt64());
            T operand = i < 2 ? Narrow<T>(i == 0 ? 0UL : ulong.MaxValue) : Narrow<T>((ulong)random.NextInt64());
            (ulong b, ulong o) = (Wide(before), Wide(operand));

            Check("or", (ref T t) => Atomic.Or(ref t, operand, concurrent), b | o);
            Check("and", (ref T t) => Atomic.And(ref t, operand, concurrent), b & o);
            Check("exchange", (ref T t) => Atomic.Exchange(ref t, operand, concurrent), o);
            Check("swap where equal", (ref T t) => Atomic.CompareExchange(ref t, operand, before, concurrent), o);
            Check("swap where not equal", (ref T t) => Atomic.CompareExchange(ref t, operand, Narrow<T>(~b), concurrent), b);
            Check("set", (ref T t) => Silent(ref t, before, (ref T u) => Atomic.Set(ref u, operand, concurrent)), b | o);
            Check("clear", (ref T t) => Silent(ref t, before, (ref T u) => Atomic.Clear(ref u, operand, concurrent)), b & ~o);

            void Check(string what, Operation<T> operation, ulong after)
            {
                T target = before;
                T returned = operation(ref target);
                string where = $"{what} of {typeof(T).Name} {b:x} with {o:x}";
                Assert.That(Wide(target), Is.EqualTo(after), where);
                Assert.That(Wide(returned), Is.EqualTo(b), $"{where}: the value before");
            }
        }
    }

    private static T Silent<T>(ref T target, T returned, Act<T> operation)
    {
        operation(ref target);
        return returned;
    }

    private static ulong Wide<T>(T value) where T : unmanaged => Unsafe.SizeOf<T>() switch
    {
        1 => Unsafe.BitCast<T, byte>(value),
        2 => Unsafe.BitCast<T, ushort>(value),
        4 => Unsafe.BitCast<T, uint>(value),
        _ => Unsafe.BitCast<T, ulong>(value),
    };

    private static T Narrow<T>(ulong bits) where T : unmanaged => Unsafe.SizeOf<T>() switch
    {
        1 => Unsafe.BitCast<byte, T>(unchecked((byte)bits)),
        2 => Unsafe.BitCast<ushort, T>(unchecked((ushort)bits)),
        4 => Unsafe.BitCast<uint, T>(unchecked((uint)bits)),
        _ => Unsafe.BitCast<ulong, T>(bits),
    };

    private delegate T Operation<T>(ref T target);

    private delegate void Act<T>(ref T target);

    private record struct Counts
    {
        public long Long;
        public ulong ULong;
        public int Int;
        public uint UInt;
        public ushort UShort;
    }
}
