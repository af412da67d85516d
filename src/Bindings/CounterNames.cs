using System.Text;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Observe;

namespace ReclaimNative.Bindings;

/// <summary>Counters by the kernel's names, and what each of them is for the whole machine.</summary>
internal static unsafe class CounterNames
{
    private static readonly byte[][] Names = [.. Enum.GetValues<Counter>().Select(c => Encoding.UTF8.GetBytes(Counters.NameOf(c)))];

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

    /// <summary>As in /proc/vmstat: some are counted for the machine alone, the others are the sum over all cgroups.</summary>
    public static long ReadMachine(Engine engine, Counter counter) => counter switch
    {
        Counter.pgscan_kswapd or Counter.pgscan_direct or Counter.pgscan_proactive
            or Counter.pgsteal_kswapd or Counter.pgsteal_direct or Counter.pgsteal_proactive
            or Counter.allocstall_normal or Counter.pageoutrun => engine.ReadGlobal(counter),
        Counter.oom => engine.ReadGlobal(counter) + engine.Read(engine.Root, counter),
        _ => engine.Read(engine.Root, counter),
    };
}
