namespace ReclaimNative.Bindings.Boundary;

/// <summary>Checks that many calls make before they do anything.</summary>
internal static unsafe class Check
{
    /// <summary>Slots of leaf tables are 32 bits wide, so nothing is longer than that.</summary>
    private const ulong MostPages = 1UL << 32;

    public static void NotNull(void* pointer, string name)
    {
        if (pointer == null)
            throw new Refusal(Status.Null, $"The pointer '{name}' is NULL.");
    }

    public static void Flags(uint given, uint known)
    {
        if ((given & ~known) != 0)
            throw new Refusal(Status.Invalid, $"flags is 0x{given:x}; only the bits of 0x{known:x} are known here.");
    }

    public static void Zero(uint value, string name)
    {
        if (value != 0)
            throw new Refusal(Status.Invalid, $"The field '{name}' is {value}; only 0 is accepted.");
    }

    public static void Swappiness(uint value)
    {
        if (value > 200)
            throw new Refusal(Status.Invalid, $"The swappiness is {value}; 0 to 200 are accepted.");
    }

    public static void Node(Engine engine, uint node)
    {
        if (node >= (uint)engine.Nodes.Count)
            throw new Refusal(Status.Range, $"There is no node {node}; there are 0 to {engine.Nodes.Count - 1}.");
    }

    /// <summary>The nodes of a mask, all of them for 0.</summary>
    public static NodeSet Nodes(Engine engine, ulong mask)
    {
        ulong all = ulong.MaxValue >> (64 - engine.Nodes.Count);
        if ((mask & ~all) != 0)
            throw new Refusal(Status.Range, $"The nodes are 0x{mask:x}; this engine has those of 0x{all:x}.");
        return mask == 0 ? NodeSet.All : NodeSet.OfMask(mask);
    }

    /// <summary>The length of an address space or a file.</summary>
    public static void Length(ulong pages, string what)
    {
        if (pages == 0)
            throw new Refusal(Status.Invalid, $"{what} has 0 pages; at least 1 is accepted.");
        if (pages > MostPages)
            throw new Refusal(Status.Capacity, $"{what} has {pages} pages; {MostPages} are the most that any engine has leaf tables for.");
    }

    /// <summary>A run of pages that has to lie in an address space or a file of <paramref name="length"/> pages, and may be empty.</summary>
    public static void Run(ulong first, ulong pages, ulong length, string what)
    {
        if (first > length || pages > length - first)
            throw new Refusal(Status.Range, $"{pages} pages from page {first} on do not lie in the {what}, which has {length}.");
    }

    public static void Page(PageTables.AddressSpace space, ulong page)
    {
        if (page >= space.Pages)
            throw new Refusal(Status.Range, $"Page {page} lies beyond the address space, whose last page is {space.Pages - 1}.");
    }
}
