namespace ReclaimNative.Mechanisms;

/// <summary>
/// Who is told of pages that a walk or a lookaround found accessed. A struct, so that the scan is compiled for it and
/// no call is virtual.
/// </summary>
internal interface IYoungSink
{
    /// <summary>The accessed bit of a page-table entry that maps <paramref name="pfn"/> was set and has been cleared.</summary>
    void OnYoung(uint pfn);
}
