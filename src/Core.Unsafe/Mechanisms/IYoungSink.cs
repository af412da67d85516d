namespace ReclaimNative.Mechanisms;

/// <summary>
/// Who is told of pages that a walk or a lookaround found accessed. A struct, so that the scan is compiled for it and
/// no call is virtual.
/// </summary>
internal interface IYoungSink
{
    /// <summary>The accessed bits of page-table entries that map these frames were set and have been cleared.</summary>
    void OnYoung(ReadOnlySpan<uint> pfns);
}
