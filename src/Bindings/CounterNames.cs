using System.Text;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Observe;

namespace ReclaimNative.Bindings;

/// <summary>Counters by the kernel's names.</summary>
internal static unsafe class CounterNames
{
    private static readonly byte[][] Names = Array.ConvertAll(Enum.GetValues<Counter>(), counter => Encoding.UTF8.GetBytes(Counters.NameOf(counter)));

    public static Counter Find(byte* name, ulong length)
    {
        ReadOnlySpan<byte> wanted = CallerText.Bytes(name, length, "counter's name");
        for (int i = 0; i < Names.Length; i++)
        {
            if (wanted.SequenceEqual(Names[i]))
                return (Counter)i;
        }

        throw new Refusal(Status.NotFound, $"There is no counter '{Encoding.UTF8.GetString(wanted)}'; the kernel's names are accepted, such as pgscan_direct.");
    }
}
