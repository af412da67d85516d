using ReclaimNative.Bindings.Handles;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.Reclaim;

namespace ReclaimNative.Bindings;

/// <summary>What lies behind the memory of a C program's engine: its callbacks, and the victim array of the request that a thread is carrying out.</summary>
internal sealed unsafe class CallerBacking : Backing
{
    private readonly delegate* unmanaged[Cdecl]<void*, PageStruct*, int> _pageOut;
    private readonly delegate* unmanaged[Cdecl]<void*, PageStruct*, int> _pageIn;
    private readonly delegate* unmanaged[Cdecl]<void*, PageStruct*, uint, int> _pageMigrate;
    private readonly void* _context;

    /// <summary>The request whose step this thread is making; in a callback of its engine, perhaps that of another engine within it.</summary>
    [ThreadStatic]
    private static OperationEntry? _stepping;

    public CallerBacking(in EngineOptionsStruct options)
    {
        _pageOut = options.PageOut;
        _pageIn = options.PageIn;
        _pageMigrate = options.PageMigrate;
        _context = options.Context;
    }

    /// <summary>The calling thread begins a step of a request, whose array gets the victims; ends with <see cref="EndStep"/>.</summary>
    /// <returns>What is to be given back to <see cref="EndStep"/>.</returns>
    public static OperationEntry? BeginStep(OperationEntry request)
    {
        OperationEntry? around = _stepping;
        _stepping = request;
        return around;
    }

    /// <summary>The step has ended; the array is the caller's again.</summary>
    public static void EndStep(OperationEntry? around) => _stepping = around;

    /// <inheritdoc/>
    public override PageAnswer PageOut(in BackedPage page)
    {
        // A step of another engine's request, around a call on this one from its callback, has nothing to do with this one's pages.
        OperationEntry? request = _stepping is { } stepping && ReferenceEquals(stepping.Owner.Backing, this) ? stepping : null;
        if (request is { IsFull: true })
        {
            request.Keep(overflow: true);
            return PageAnswer.Keep;
        }

        PageStruct told = Describe(page);
        int answer = _pageOut == null ? (int)PageAnswer.Evict : _pageOut(_context, &told);
        if (answer == (int)PageAnswer.Evict)
        {
            request?.Add(Describe(page));
            return PageAnswer.Evict;
        }

        request?.Keep(overflow: false);
        return answer is > (int)PageAnswer.Evict and <= (int)PageAnswer.Accessed ? (PageAnswer)answer : PageAnswer.Keep;
    }

    /// <inheritdoc/>
    public override bool Migrate(in BackedPage page, int toNode)
    {
        if (_pageMigrate == null)
            return true;
        PageStruct told = Describe(page);
        return _pageMigrate(_context, &told, (uint)toNode) == 0;
    }

    /// <inheritdoc/>
    public override bool PageIn(in BackedPage page)
    {
        if (_pageIn == null)
            return true;
        PageStruct told = Describe(page);
        return _pageIn(_context, &told) == 0;
    }

    /// <summary>A page as C knows it.</summary>
    public static PageStruct Describe(in BackedPage page) => new()
    {
        Space = HandleEntry.Of(page.Space?.Tag),
        File = HandleEntry.Of(page.File?.Tag),
        Page = page.Page,
        Node = (uint)page.NodeId,
        Flags = (page.Dirty ? PageStruct.Dirty : 0) | (page.First ? PageStruct.First : 0),
        Cookie = page.Cookie,
    };

    /// <summary>A page that a request would take, or has proposed, as C knows it.</summary>
    public static PageStruct Describe(in ProposedPage page)
    {
        PageStruct told = Describe(page.Page);
        if (page.ToNode is not { } to)
            return told;
        told.Flags |= PageStruct.Demote;
        told.ToNode = (uint)to;
        return told;
    }
}
