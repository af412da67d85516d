using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Handles;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.Reclaim;

namespace ReclaimNative.Bindings;

/// <summary>An array of pages from C that a call is about, checked whole before anything is done with it.</summary>
internal readonly unsafe ref struct CallerPages
{
    private readonly EngineEntry _engine;
    private readonly byte* _pages;
    private readonly uint _size;
    private readonly ulong _count;

    /// <exception cref="Refusal">The array, or a page in it, can't be what is said.</exception>
    public CallerPages(EngineEntry engine, PageStruct* pages, uint size, ulong count)
    {
        _engine = engine;
        _pages = (byte*)pages;
        _size = size;
        _count = count;
        if (count == 0)
            return;
        Check.NotNull(pages, "pages");
        CallerStruct.CheckSize<PageStruct>(size);
        for (ulong i = 0; i < count; i++)
        {
            PageStruct page = Read(i);
            const uint Known = PageStruct.Dirty | PageStruct.Demote | PageStruct.First;
            if ((page.Flags & ~Known) != 0)
                throw new Refusal(Status.Invalid, $"flags of page {i} of the array is 0x{page.Flags:x}; only the bits of 0x{Known:x} are known here.");
            _ = Name(page, i);
        }
    }

    /// <summary>A page of the array, as far as it names one.</summary>
    public BackedPage this[ulong index] => Name(Read(index), index);

    /// <summary>A page of the array as C gives it.</summary>
    public PageStruct Read(ulong index) => CallerStruct.Read<PageStruct>(_pages + index * _size, _size);

    /// <summary>Checks what is said of pages that are added: their node, and that cookies are kept where there is one.</summary>
    public void CheckAdded()
    {
        for (ulong i = 0; i < _count; i++)
        {
            PageStruct page = Read(i);
            Check.Node(_engine.Engine, page.Node);
            if (page.Cookie != 0 && !_engine.HasCookies)
                throw new Refusal(Status.Invalid, $"Page {i} of the array has a cookie, and the engine was built without RECLAIM_ENGINE_COOKIES; 0 is accepted.");
            if (_engine.IsIdentity && Name(page, i).Space!.HomeNode is var home && home != page.Node)
                throw new Refusal(Status.Invalid, $"Page {i} of the array is to be on node {page.Node}; with RECLAIM_ENGINE_IDENTITY its address space lies on node {home}.");
        }
    }

    /// <summary>Checks the nodes that pages are said to have moved to.</summary>
    public void CheckTargets()
    {
        for (ulong i = 0; i < _count; i++)
        {
            PageStruct page = Read(i);
            if ((page.Flags & PageStruct.Demote) != 0)
                Check.Node(_engine.Engine, page.ToNode);
        }
    }

    private BackedPage Name(in PageStruct page, ulong index)
    {
        if (page.Space != 0 == (page.File != 0))
            throw new Refusal(Status.Invalid, $"Page {index} of the array names {(page.File != 0 ? "both a space and a file" : "neither a space nor a file")}; one of them is accepted.");
        bool dirty = (page.Flags & PageStruct.Dirty) != 0;
        if (page.File != 0)
        {
            PageTables.PageFile file = Living.FileOf(_engine, page.File).File;
            if (page.Page >= file.Pages)
                throw new Refusal(Status.Range, $"Page {page.Page} lies beyond the file, whose last page is {file.Pages - 1}.");
            return new BackedPage(null, file, page.Page, dirty, (int)page.Node, page.Cookie);
        }

        PageTables.AddressSpace space = Living.AddressSpaceOf(_engine, page.Space).Space;
        Check.Page(space, page.Page);
        if (!space.IsAnonymous(page.Page))
            throw new Refusal(Status.Invalid, $"Page {index} of the array, page {page.Page} of its address space, is one of a file; it is named by the file.");
        return new BackedPage(space, null, page.Page, dirty, (int)page.Node, page.Cookie);
    }
}
