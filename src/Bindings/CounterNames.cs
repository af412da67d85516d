using System.Text;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Observe;

namespace ReclaimNative.Bindings;

/// <summary>Counters by the kernel's names.</summary>
internal static unsafe class CounterNames
{
    private static readonly StaticText[] Names = All();

    /// <summary>The name of a counter, for C; NULL beyond the last.</summary>
    public static byte* At(uint index) => index < (uint)Names.Length ? Names[index].Pointer : null;

    public static Counter Find(byte* name, ulong length)
    {
        ReadOnlySpan<byte> wanted = CallerText.Bytes(name, length, "counter's name");
        for (int i = 0; i < Names.Length; i++)
        {
            if (wanted.SequenceEqual(Names[i].Bytes))
                return (Counter)i;
        }

        throw new Refusal(Status.NotFound, $"There is no counter '{Encoding.UTF8.GetString(wanted)}'; the kernel's names are accepted, such as pgscan_direct.");
    }

    private static StaticText[] All()
    {
        var names = new StaticText[Counters.Count];
        for (int i = 0; i < names.Length; i++)
            names[i] = new StaticText(Counters.NameOf((Counter)i));
        return names;
    }
}
