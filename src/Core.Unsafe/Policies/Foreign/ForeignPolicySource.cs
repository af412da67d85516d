using System.Runtime.InteropServices;
using System.Text;
using ReclaimNative.Lru;

namespace ReclaimNative.Policies;

/// <summary>The table of a C policy, read and checked.</summary>
internal sealed unsafe class ForeignPolicySource
{
    /// <summary>Symbol that a policy's library exports.</summary>
    public const string Symbol = "reclaim_policy";

    private const int MostBytes = 4096;
    private const int MostNameBytes = 32;
    private const int MostSummaryBytes = 256;
    private const int MostStateBytes = 65536;
    private const int LeastFuel = 1024;
    private const int MostFuel = int.MaxValue;
    private const int DefaultFuel = 65536;

    private ForeignPolicySource(in ForeignPolicyTable table, PolicyDescriptor descriptor)
    {
        Table = table;
        Descriptor = descriptor;
    }

    /// <summary>The operations.</summary>
    public ForeignPolicyTable Table { get; }

    /// <summary>What the policy says of itself.</summary>
    public PolicyDescriptor Descriptor { get; }

    /// <summary>Loads a policy's library into the process, where it stays.</summary>
    /// <exception cref="PolicyException">There is no such file, it is no library or no policy, or its table is refused.</exception>
    public static ForeignPolicySource Load(string path)
    {
        if (!File.Exists(path))
            throw new PolicyException($"policy '{path}': there is no such file");
        if (!IsElf(path))
            throw new PolicyException($"policy '{path}' is no shared library; 'gcc -shared -fPIC' makes one");
        nint library;
        try
        {
            library = NativeLibrary.Load(Path.GetFullPath(path));
        }
        catch (Exception refused) when (refused is DllNotFoundException or BadImageFormatException)
        {
            throw new PolicyException($"policy '{path}' can't be loaded: {refused.Message.ReplaceLineEndings(" ").Trim()}");
        }

        if (!NativeLibrary.TryGetExport(library, Symbol, out nint address))
            throw new PolicyException($"policy '{path}' has no symbol '{Symbol}': const reclaim_policy_t *{Symbol}(void) is what a policy's library exports");
        return Read(((delegate* unmanaged[Cdecl]<ForeignPolicyTable*>)address)(), $"policy '{path}'");
    }

    /// <summary>Reads a table; <paramref name="what"/> names it in messages.</summary>
    /// <exception cref="PolicyException">It is refused.</exception>
    public static ForeignPolicySource Read(ForeignPolicyTable* from, string what)
    {
        if (from == null)
            throw new PolicyException($"{what}: its table is NULL");
        uint size = from->StructSize;
        if (size < ForeignPolicyTable.FirstSize)
            throw new PolicyException($"{what}: its struct_size is {size}; a reclaim_policy_t has at least {ForeignPolicyTable.FirstSize} bytes");
        if (size > MostBytes)
            throw new PolicyException($"{what}: its struct_size is {size}; more than {MostBytes} bytes are never accepted");
        if (from->Abi != ForeignPolicyTable.CurrentAbi)
            throw new PolicyException($"{what}: its abi is {from->Abi}; this engine has {ForeignPolicyTable.CurrentAbi}");
        ForeignPolicyTable table = default;
        uint known = Math.Min(size, (uint)sizeof(ForeignPolicyTable));
        new ReadOnlySpan<byte>(from, (int)known).CopyTo(new Span<byte>(&table, sizeof(ForeignPolicyTable)));
        if (new ReadOnlySpan<byte>((byte*)from + known, (int)(size - known)).ContainsAnyExcept((byte)0))
            throw new PolicyException($"{what}: its table has {size} bytes and this engine knows {known}: the bytes beyond have to be zero");
        return new ForeignPolicySource(table, Describe(table, what));
    }

    private static PolicyDescriptor Describe(in ForeignPolicyTable table, string what)
    {
        if (table.Name == null)
            throw new PolicyException($"{what}: its name is NULL");
        string name = Text(table.Name, MostNameBytes);
        if (name.Length is 0 or > MostNameBytes || !PolicyDefinition.IsName(name))
            throw new PolicyException($"{what}: its name is '{name}'; 1 to {MostNameBytes} of a-z and 0-9 are accepted");
        const PolicyFlags Known = PolicyFlags.SeesAccesses | PolicyFlags.ClearOnPlace | PolicyFlags.IgnoresReferences
            | PolicyFlags.Concurrent | PolicyFlags.OrderFree | PolicyFlags.MemcgLru | PolicyFlags.SeesArrivals;
        uint flags = Among(table.Flags, (uint)Known, "flags");
        uint mechanisms = Among(table.Mechanisms, (uint)(Mechanism.Walk | Mechanism.Bloom | Mechanism.Lookaround | Mechanism.Refault), "mechanisms");
        uint sight = UpTo(table.Sight, (uint)PolicySight.Accesses, "sight");
        bool sees = ((PolicyFlags)flags & PolicyFlags.SeesAccesses) != 0;
        if (sees != (sight == (uint)PolicySight.Accesses))
            throw new PolicyException($"{what}: RECLAIM_SEES_ACCESSES and RECLAIM_SIGHT_ACCESSES go together; one of them alone would put its results beside the wrong ones");
        uint history = UpTo(table.HistoryWords, 16, "history_words");
        uint orders = UpTo(table.Orders, 8, "orders");
        if (history + orders > 0 && ((PolicyFlags)flags & PolicyFlags.Concurrent) != 0)
            throw new PolicyException($"{what}: history_words and orders serve one thread, and it is marked RECLAIM_CONCURRENT");
        UpTo(table.Reserved, 0, "reserved");
        if (table.Fuel is not 0 and (< LeastFuel or > MostFuel))
            throw new PolicyException($"{what}: its fuel is {table.Fuel}; {LeastFuel} to {MostFuel} are accepted, and 0 for {DefaultFuel}");
        return new PolicyDescriptor
        {
            Name = name,
            Summary = table.Summary == null ? "" : Text(table.Summary, MostSummaryBytes),
            Flags = (PolicyFlags)flags,
            Sight = (PolicySight)sight,
            Lists = (int)Math.Max(1, UpTo(table.Lists, FrameLists.MaxLists, "lists")),
            LeastReclaim = (int)Math.Max(1, UpTo(table.LeastReclaim, int.MaxValue, "least_reclaim")),
            StateBytes = (int)UpTo(table.StateBytes, MostStateBytes, "state_bytes"),
            WordsPerPage = (int)UpTo(table.WordsPerPage, 16, "words_per_page"),
            HistoryWords = (int)history,
            Orders = (int)orders,
            Fuel = table.Fuel == 0 ? DefaultFuel : (int)table.Fuel,
            Defaults = (Mechanism)mechanisms,
            Supports = (Mechanism)mechanisms,
        };

        uint UpTo(uint value, uint most, string field) => value <= most
            ? value
            : throw new PolicyException($"{what}: its {field} is {value}; {(most == 0 ? "0 is" : $"0 to {most} are")} accepted");

        uint Among(uint value, uint known, string field) => (value & ~known) == 0
            ? value
            : throw new PolicyException($"{what}: its {field} are 0x{value:x}; this engine knows the bits 0x{known:x}");
    }

    /// <summary>A zero-terminated string, one byte more than <paramref name="most"/> where it is longer.</summary>
    private static string Text(byte* text, int most)
    {
        int length = 0;
        while (length <= most && text[length] != 0)
            length++;
        return Encoding.UTF8.GetString(text, length);
    }

    private static bool IsElf(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            Span<byte> magic = stackalloc byte[4];
            return file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && magic.SequenceEqual("\u007fELF"u8);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new PolicyException($"policy '{path}' can't be read: {refused.Message}");
        }
    }
}
