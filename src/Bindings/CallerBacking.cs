using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.PageTables;
using ReclaimNative.Reclaim;

namespace ReclaimNative.Bindings;

/// <summary>What lies behind the memory of a C program's engine: its two callbacks, and the victim array of the request under way.</summary>
internal sealed unsafe class CallerBacking : Backing
{
    private readonly delegate* unmanaged[Cdecl]<void*, PageStruct*, int> _pageOut;
    private readonly delegate* unmanaged[Cdecl]<void*, PageStruct*, int> _pageIn;
    private readonly delegate* unmanaged[Cdecl]<void*, PageStruct*, uint, int> _pageMigrate;
    private readonly void* _context;
    private readonly ulong[] _spaceHandles;

    private byte* _victims;
    private uint _victimSize;
    private ulong _capacity;

    public CallerBacking(in EngineOptionsStruct options, int addressSpaces)
    {
        _pageOut = options.PageOut;
        _pageIn = options.PageIn;
        _pageMigrate = options.PageMigrate;
        _context = options.Context;
        _spaceHandles = new ulong[addressSpaces];
    }

    /// <summary>A callback is running: the engine is in the middle of something.</summary>
    public bool InCallback { get; private set; }

    /// <summary>Elements of the array filled by the request under way.</summary>
    public ulong Victims { get; private set; }

    /// <summary>Times that a page of the request under way was kept.</summary>
    public ulong Refused { get; private set; }

    /// <summary>A page was kept because the array was full.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>The handle by which C knows an address space.</summary>
    public void Announce(AddressSpace space, ulong handle) => _spaceHandles[space.Id] = handle;

    /// <summary>A request starts or goes on, perhaps with an array that has some victims already.</summary>
    public void Begin(in RequestStruct request, ulong victims)
    {
        _victims = (byte*)request.Victims;
        _victimSize = request.VictimSize;
        _capacity = request.VictimCapacity;
        (Victims, Refused, Overflowed) = (victims, 0, false);
    }

    /// <summary>The request has ended; its array is the caller's again.</summary>
    public void End() => _victims = null;

    /// <inheritdoc/>
    public override PageAnswer PageOut(in BackedPage page)
    {
        if (_victims != null && Victims == _capacity)
        {
            Overflowed = true;
            Refused++;
            return PageAnswer.Keep;
        }

        PageStruct told = Describe(page);
        if (_pageOut != null)
        {
            InCallback = true;
            int answer = _pageOut(_context, &told);
            InCallback = false;
            if (answer != (int)PageAnswer.Evict)
            {
                Refused++;
                return answer is > (int)PageAnswer.Evict and <= (int)PageAnswer.Accessed ? (PageAnswer)answer : PageAnswer.Keep;
            }

            told = Describe(page);
        }

        if (_victims != null)
            CallerStruct.Write(_victims + Victims++ * _victimSize, _victimSize, told);
        return PageAnswer.Evict;
    }

    /// <inheritdoc/>
    public override bool Migrate(in BackedPage page, int toNode)
    {
        if (_pageMigrate == null)
            return true;
        PageStruct told = Describe(page);
        InCallback = true;
        int answer = _pageMigrate(_context, &told, (uint)toNode);
        InCallback = false;
        return answer == 0;
    }

    /// <summary>Tells the caller how an operation has ended.</summary>
    public void Tell(in RequestStruct asked, ResultStruct result)
    {
        if (asked.Completed == null)
            return;
        InCallback = true;
        asked.Completed(asked.CompletedContext, &result);
        InCallback = false;
    }

    /// <inheritdoc/>
    public override bool PageIn(in BackedPage page)
    {
        if (_pageIn == null)
            return true;
        PageStruct told = Describe(page);
        InCallback = true;
        int answer = _pageIn(_context, &told);
        InCallback = false;
        return answer == 0;
    }

    /// <summary>A page as C knows it.</summary>
    public PageStruct Describe(in BackedPage page) => new()
    {
        Space = page.Space is { } space ? _spaceHandles[space.Id] : 0,
        Page = page.Page,
        Node = (uint)page.NodeId,
        Flags = (page.Dirty ? PageStruct.Dirty : 0) | (page.First ? PageStruct.First : 0),
        Cookie = page.Cookie,
    };

    /// <summary>A page that a request would take, or has proposed, as C knows it.</summary>
    public PageStruct Describe(in ProposedPage page)
    {
        PageStruct told = Describe(page.Page);
        if (page.ToNode is not { } to)
            return told;
        told.Flags |= PageStruct.Demote;
        told.ToNode = (uint)to;
        return told;
    }
}
